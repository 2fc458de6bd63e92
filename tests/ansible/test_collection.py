# SPDX-License-Identifier: Apache-2.0
"""The collection by itself: its documentation, its options, the survey."""

from __future__ import annotations

import json
import pathlib
import re
import types
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.ansible import environments, playbooks
from volmigrateclient.osc import ahead_options, apply, run

_ROLE = playbooks.COLLECTION / "roles" / "evacuate_pool"
_PAGE = playbooks.ROOT / "doc" / "source" / "user" / "ansible.rst"
_MODULE = "volmigrateclient.cinder.volume_move"
#: Where playbooks find the collection, ansible-doc has to be told.
_DOC = ("ansible-doc", "--playbook-dir=.")

#: What AWX wants a default to be, by the type of the question
#: (SURVEY_TYPE_MAPPING in its awx/main/constants.py).
_ANSWERS: dict[str, type] = {
    "text": str,
    "textarea": str,
    "password": str,
    "multiplechoice": str,
    "multiselect": str,
    "integer": int,
    "float": float,
}
#: Which questions may ask for an option, by its type.
_QUESTIONS = {
    "str": {"text", "multiplechoice"},
    "list": {"textarea"},
    "int": {"integer"},
    "bool": {"multiplechoice"},
}


def _yaml(path: pathlib.Path) -> Any:
    return yaml.safe_load(path.read_text("utf-8"))


@pytest.fixture(scope="module")
def options() -> dict[str, dict[str, Any]]:
    """The role's options."""
    specs = _yaml(_ROLE / "meta" / "argument_specs.yml")["argument_specs"]
    return dict(specs["main"]["options"])


@pytest.fixture(scope="module")
def survey() -> dict[str, Any]:
    return dict(json.loads((playbooks.COLLECTION / "survey.json").read_text()))


@pytest.mark.parametrize("release", environments.RELEASES)
def test_ansible_doc_reads_the_module(
    project: playbooks.Project, release: str
) -> None:
    done = project.run(release, *_DOC, "--json", _MODULE)

    assert done.returncode == 0, done.stdout
    (told,) = json.loads(done.stdout).values()
    assert told["doc"]["options"]["volume"]["required"] is True
    returned = {"changed", "rc", "command", "messages", "msg", "checks"}
    assert returned | set(run.Run.columns) <= told["return"].keys()
    assert "check_mode: true" in told["examples"]
    # Every option has a description; of none is it a password.
    for name, option in told["doc"]["options"].items():
        assert option["description"], name
        assert not re.search("password|token|secret", name)


@pytest.mark.parametrize("release", environments.RELEASES)
def test_ansible_doc_reads_the_role(
    project: playbooks.Project,
    release: str,
    options: dict[str, dict[str, Any]],
) -> None:
    name = "volmigrateclient.cinder.evacuate_pool"

    done = project.run(release, *_DOC, "-t", "role", "--json", name)

    assert done.returncode == 0, done.stdout
    told = json.loads(done.stdout)[name]["entry_points"]["main"]
    assert told["options"].keys() == options.keys()


def test_defaults_are_those_that_are_documented(
    options: dict[str, dict[str, Any]],
) -> None:
    documented = {
        name: option["default"]
        for name, option in options.items()
        if not option.get("required")
    }

    assert _yaml(_ROLE / "defaults" / "main.yml") == documented


def test_the_page_tells_of_every_variable(
    options: dict[str, dict[str, Any]],
) -> None:
    page = _PAGE.read_text("utf-8")

    told = set(
        re.findall(r"^   \* - ``(evacuate_pool_\w+)``", page, re.MULTILINE)
    )

    assert told == options.keys()


def test_awx_takes_the_survey(survey: dict[str, Any]) -> None:
    """What AWX's JobTemplateSurveySpec looks at, in awx/api/views."""
    assert isinstance(survey["name"], str)
    assert isinstance(survey["description"], str)
    assert survey["spec"]
    variables = [question["variable"] for question in survey["spec"]]
    assert len(variables) == len(set(variables))
    for question in survey["spec"]:
        assert isinstance(question["question_name"], str)
        assert isinstance(question["required"], bool)
        default = question["default"]
        if default != "":
            assert type(default) is _ANSWERS[question["type"]], question
        for key in ("min", "max"):
            assert question[key] is None or type(question[key]) is int
        if question["type"] == "multiplechoice":
            assert default in question["choices"], question
        else:
            assert question["choices"] == []


def test_what_the_survey_asks_is_what_the_role_takes(
    survey: dict[str, Any], options: dict[str, dict[str, Any]]
) -> None:
    required = {n for n, option in options.items() if option.get("required")}
    assert required <= {q["variable"] for q in survey["spec"]}
    for question in survey["spec"]:
        name, type_ = question["variable"], question["type"]
        option = options[name]
        assert type_ in _QUESTIONS[option["type"]], name
        assert _meant(question["default"], option) == option.get(
            "default", ""
        ), name
        if type_ == "multiplechoice":
            choices = option.get("choices", ["false", "true"])
            assert question["choices"] == choices, name
        if question["required"] and type_ == "integer":
            least, most = question["min"], question["max"]
            assert least <= question["default"] <= most, name


def _meant(answer: Any, option: dict[str, Any]) -> Any:
    """What the role makes of an answer."""
    if option["type"] == "bool":
        return {"true": True, "false": False}[answer]
    if option["type"] == "list":
        return answer.splitlines()
    return answer


@pytest.mark.parametrize(
    ("release", "given", "says"),
    [
        (
            environments.OLDEST,
            {"evacuate_pool_destination": ["b"]},
            "evacuate_pool_source",
        ),
        (
            environments.NEWEST,
            {"evacuate_pool_source": "a"},
            "either evacuate_pool_destination or",
        ),
        (
            environments.OLDEST,
            {
                "evacuate_pool_source": "a",
                "evacuate_pool_destination": ["b"],
                # What YAML 1.1 makes of 22:00 without quotes.
                "evacuate_pool_until": 1320,
            },
            'quotes as "hh:mm"',
        ),
        (
            environments.NEWEST,
            {
                "evacuate_pool_source": "a",
                "evacuate_pool_destination_type": "gold",
                "evacuate_pool_blockers": "ignore",
            },
            "value of evacuate_pool_blockers must be one of: stop, go_on",
        ),
    ],
    ids=["no-source", "no-destination", "a-number", "no-choice"],
)
def test_what_cannot_be_meant_is_refused_before_any_command(
    project: playbooks.Project,
    tmp_path: pathlib.Path,
    release: str,
    given: dict[str, Any],
    says: str,
) -> None:
    playbook = project.folder / "refused.yml"
    playbook.write_text(
        "- hosts: localhost\n"
        "  gather_facts: false\n"
        "  roles:\n"
        "    - role: volmigrateclient.cinder.evacuate_pool\n"
    )
    more = {"evacuate_pool_openstack": str(tmp_path / "no-such-command")}

    done = project.run(
        release,
        *("ansible-playbook", playbook.name, "-e", json.dumps(given | more)),
    )

    assert done.returncode == 2
    assert says in done.stdout.replace('\\"', '"')
    assert "no-such-command" not in done.stdout


@pytest.mark.parametrize("release", environments.RELEASES)
def test_a_checkout_will_do(
    project: playbooks.Project, release: str, tmp_path: pathlib.Path
) -> None:
    """The role and the module by the paths of examples/ansible.cfg."""
    playbook = tmp_path / "checkout.yml"
    playbook.write_text(
        "- hosts: localhost\n"
        "  gather_facts: false\n"
        "  roles:\n"
        "    - role: evacuate_pool\n"
        "      evacuate_pool_source: ''\n"
        "      when: false\n"
        "  post_tasks:\n"
        "    - volume_move:\n"
        "        volume: a\n"
        "        destination_node: b\n"
        f"        openstack: {tmp_path}/no-such-command\n"
    )

    done = project.run(
        release,
        *("ansible-playbook", str(playbook)),
        ANSIBLE_CONFIG=str(playbooks.COLLECTION / "examples" / "ansible.cfg"),
    )

    assert done.returncode == 2
    assert "no-such-command" in done.stdout
    assert "No such file or directory" in done.stdout


@pytest.mark.parametrize("release", environments.RELEASES)
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, ["--cordon"]),
        ({"evacuate_pool_cordon": "none"}, []),
        ({"evacuate_pool_cordon": "keep"}, ["--keep-cordon"]),
        (
            # As a survey gives it: a line each.
            {"evacuate_pool_window": "mon-fri 22:00-05:00\n\n sat 00:00-9:00"},
            [
                "--window=mon-fri 22:00-05:00",
                "--window=sat 00:00-9:00",
                "--cordon",
            ],
        ),
        (
            {
                "evacuate_pool_window": ["22:00-05:00"],
                "evacuate_pool_until": "04:30",
                "evacuate_pool_max_per_source": 2,
                "evacuate_pool_max_per_destination": 3,
            },
            [
                "--max-per-source=2",
                "--max-per-destination=3",
                "--until=04:30",
                "--window=22:00-05:00",
                "--cordon",
            ],
        ),
    ],
    ids=["default", "no-cordon", "kept", "survey", "all"],
)
def test_what_apply_is_told(
    project: playbooks.Project,
    tmp_path: pathlib.Path,
    release: str,
    given: dict[str, Any],
    words: list[str],
) -> None:
    playbook, told = tmp_path / "playbook.yml", tmp_path / "told.json"
    files = [str(_ROLE / part / "main.yml") for part in ("defaults", "vars")]
    copied = {
        "ansible.builtin.copy": {
            "content": "{{ __evacuate_pool_apply_options | to_json }}",
            "dest": str(told),
            "mode": "0600",
        }
    }
    playbook.write_text(
        json.dumps(
            [
                {
                    "hosts": "localhost",
                    "gather_facts": False,
                    "vars_files": files,
                    "tasks": [copied],
                }
            ]
        )
    )

    done = project.run(
        release, "ansible-playbook", str(playbook), "-e", json.dumps(given)
    )

    assert done.returncode == 0, done.stdout
    always = ["--auto-approve", "--format=json", "--max-parallel=4"]
    options = json.loads(told.read_text())
    assert options == [*always, "--canary=1", *words]
    # And the command takes them all.
    app: Any = types.SimpleNamespace(client_manager=None)
    parser = apply.Apply(app, None).get_parser("apply")
    parsed = parser.parse_args(["plan.json", *options])
    ahead_options.window(parsed, None)
    assert (parsed.cordon, parsed.keep_cordon) == (
        "--cordon" in words,
        "--keep-cordon" in words,
    )
