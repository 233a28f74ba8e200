"""The documentation as a site: `python -m sphinx -W -n docs build/site`. The pages stay plain Markdown."""

project = "pytest-s3errors"
author = copyright = "the pytest-s3errors maintainers"  # noqa: A001 - Sphinx's name for it
extensions = ["myst_parser"]
html_theme = "furo"
html_title = project
html_static_path = ["site"]
html_css_files = ["wide.css"]
html_show_sphinx = False
exclude_patterns = ["examples", "build"]
myst_heading_anchors = 4  # a link to #heading works here as it does where the Markdown is read

TREE = {
    "Start": ["tutorial"],
    "How to": ["howto/*"],
    "Guide": ["guide/*"],
    "Reference": ["reference/*", "reference/fidelity/*"],
    "Museum": ["museum/README", "museum/reports/*"],
    "Project": ["limitations", "design", "contributing", "changelog"],
}


def add_navigation(_app, docname, source):
    """Give the index the trees that make the navigation, which only Sphinx needs."""
    if docname == "index":
        for caption, pages in TREE.items():
            listed = "\n".join(pages)
            source[0] += f"\n```{{toctree}}\n:hidden:\n:glob:\n:caption: {caption}\n\n{listed}\n```\n"


def setup(app):
    app.connect("source-read", add_navigation)
    return {"parallel_read_safe": True}
