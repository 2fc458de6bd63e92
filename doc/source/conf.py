# SPDX-License-Identifier: Apache-2.0

"""Sphinx's configuration of the documentation."""

import pathlib

extensions = [
    "cliff.sphinxext",
    "openstackdocstheme",
    "reno.sphinxext",
    "sphinx.ext.autodoc",
]

# What the reference of the commands begins with: they are sub-commands of
# OSC's program, not a program of ours.
autoprogram_cliff_application = "openstack"

project = "volmigrateclient"
copyright = "volmigrateclient maintainers"
root_doc = "index"

# What a page shows is a terminal, unless it says otherwise.
highlight_language = "text"

# reno reads the notes out of git, which an exported tree does not have.
if not (pathlib.Path(__file__).parents[2] / ".git").exists():
    exclude_patterns = ["release-notes.rst"]
    suppress_warnings = ["toc.empty_glob"]

# The manual page is kept in git: nothing in it may differ from day to day.
today_fmt = " "
man_pages = [
    (
        "cli/openstack-volume-watcher-migrate",
        "openstack-volume-watcher-migrate",
        "move volumes between pools and types, verified",
        "",
        "1",
    )
]

# The theme's links to OpenStack's own bug tracker and repositories would lead
# nowhere.
html_theme = "openstackdocs"
openstackdocs_auto_name = False
openstackdocs_use_storyboard = False
openstackdocs_pdf_link = False
html_static_path = ["_static"]
html_css_files = ["volmigrate.css"]

autodoc_typehints = "description"
autodoc_member_order = "bysource"

# A reference that leads nowhere is an error (tox -e docs has -W), unless it
# leads to what this documentation leaves out on purpose.
nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(volmigrateclient|keystoneauth1|collections)\..*"),
    ("py:exc", "InvalidActionError"),
]
