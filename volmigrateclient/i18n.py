# SPDX-License-Identifier: Apache-2.0

"""Translation of what the commands say.

Only the ``osc`` ring translates. The core speaks English: scripts and
strategies match the specification's sentences to the letter.
"""

import oslo_i18n

_translators = oslo_i18n.TranslatorFactory(domain="volmigrateclient")

_ = _translators.primary
