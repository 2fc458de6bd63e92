# SPDX-License-Identifier: Apache-2.0

"""The clients' exceptions as errors of the core."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Callable

from cinderclient import exceptions as cinder_exceptions
from keystoneauth1 import exceptions as auth_exceptions
from novaclient import exceptions as nova_exceptions

from volmigrateclient.core.model import errors, wording

_P = typing.ParamSpec("_P")
_T = typing.TypeVar("_T")

#: Services that we ask as an admin.
_FOR_ADMINS = ("Cinder", "Nova", "Keystone")

_BY_STATUS: dict[int, type[errors.CloudError]] = {
    400: errors.BadRequestError,
    401: errors.UnauthorizedError,
    403: errors.ForbiddenError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    413: errors.OverQuotaError,
    408: errors.UnansweredError,
    429: errors.UnansweredError,
}


def translated(
    service: str,
) -> Callable[[Callable[_P, _T]], Callable[_P, _T]]:
    """Have a function that asks this service raise the core's errors."""

    def decorate(function: Callable[_P, _T]) -> Callable[_P, _T]:
        @functools.wraps(function)
        def wrapper(*args: _P.args, **kwargs: _P.kwargs) -> _T:
            try:
                return function(*args, **kwargs)
            except (
                cinder_exceptions.ClientException,
                nova_exceptions.ClientException,
            ) as error:
                raise _from_status(
                    service, error.code, error.message, error.request_id
                ) from error
            except auth_exceptions.HttpError as error:
                raise _from_status(
                    service,
                    error.http_status,
                    error.message,
                    error.request_id,
                ) from error
            except auth_exceptions.ConnectionError as error:
                # Refused, dropped or timed out: if it was sent, the service
                # may have acted on it.
                raise errors.UnansweredError(
                    f"{service} does not answer: {_unreached(error)}"
                ) from error
            except auth_exceptions.EmptyCatalog as error:
                raise errors.CloudError(
                    f"{service} cannot be found: the credentials are for no "
                    "project"
                ) from error
            except auth_exceptions.EndpointNotFound as error:
                raise errors.ServiceMissingError(
                    service, "endpoint of it in the catalogue"
                ) from error
            except auth_exceptions.ClientException as error:
                raise errors.CloudError(f"{service}: {error}") from error
            except (
                AssertionError,
                AttributeError,
                KeyError,
                TypeError,
                ValueError,
            ) as error:
                # The clients trip over what a proxy answers in a service's
                # place: a page of HTML, half of a body, nothing. And
                # keystoneauth over a token that another thread's 401 made
                # it forget between two lines.
                raise errors.UnansweredError(
                    f"{service} gave an answer that cannot be understood "
                    f"({type(error).__name__}: {error})"
                ) from error

        return wrapper

    return decorate


def translated_class(service: str) -> Callable[[type[_T]], type[_T]]:
    """Have all methods of a class that asks this service do so."""

    def decorate(cls: type[_T]) -> type[_T]:
        for name, member in list(vars(cls).items()):
            if isinstance(member, types.FunctionType) and name != "__init__":
                setattr(cls, name, translated(service)(member))
        return cls

    return decorate


def _unreached(error: auth_exceptions.ConnectionError) -> str:
    """What could not be reached and why, without the layers in between."""
    # "Unable to establish connection to URL: what each layer calls it"
    what = str(error).partition(": ")[0].partition("?")[0]
    cause: BaseException = error
    while (deeper := cause.__cause__ or cause.__context__) is not None:
        cause = deeper
    why = getattr(cause, "strerror", None) or str(cause)
    return f"{what}: {why}" if cause is not error else what


def _from_status(
    service: str,
    status: int,
    message: str | None,
    request_id: str | None,
) -> errors.CloudError:
    kind = _BY_STATUS.get(status)
    if kind is None:
        kind = errors.UnansweredError if status >= 500 else errors.CloudError
    # A proxy may answer with a page, and what was asked may be repeated.
    message = wording.escaped(" ".join(message.split())) if message else ""
    text = f"{service} answered {status}"
    if message:
        text += f": {message.rstrip('.')}"
    if status == 403 and service in _FOR_ADMINS:
        text += ": admin credentials are needed"
    return kind(text, status, request_id or "")
