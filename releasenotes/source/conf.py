# SPDX-License-Identifier: Apache-2.0

"""Sphinx's configuration of the release notes."""

extensions = [
    "openstackdocstheme",
    "reno.sphinxext",
]

project = "volmigrateclient Release Notes"
copyright = "volmigrateclient maintainers"
root_doc = "index"

html_theme = "openstackdocs"
openstackdocs_auto_name = False
openstackdocs_use_storyboard = False
openstackdocs_pdf_link = False
