"""Find the usual tools of a repository by its files."""

from __future__ import annotations

from agent_agency.gates.detect_compiled import compiled_gates
from agent_agency.gates.detect_javascript import javascript_gates, javascript_notes
from agent_agency.gates.detect_python import python_gates
from agent_agency.gates.presets import Detection
from agent_agency.gates.project_files import ProjectFiles


def detect(files: ProjectFiles) -> Detection:
    """Name the gates that suit a repository, and what no gate can be written for; each gate has a name of its own."""
    python = python_gates(files) if files.source_folders else ()
    gates = (*python, *javascript_gates(files), *compiled_gates(files))
    return Detection(gates, tuple(javascript_notes(files)))
