# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""Sphinx's configuration of the documentation."""

extensions = [
    "cliff.sphinxext",
    "openstackdocstheme",
]

# What the reference of the commands begins with: they are sub-commands of
# OSC's program, not a program of ours.
autoprogram_cliff_application = "openstack"

project = "volmigrateclient"
copyright = "volmigrateclient maintainers"
root_doc = "index"

# The theme's links to OpenStack's own bug tracker and repositories would lead
# nowhere.
html_theme = "openstackdocs"
openstackdocs_auto_name = False
openstackdocs_use_storyboard = False
openstackdocs_pdf_link = False

# A reference that leads nowhere is an error (tox -e docs has -W).
nitpicky = True
