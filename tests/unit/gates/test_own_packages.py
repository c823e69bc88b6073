from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_agency.gates.own_packages import OwnName, own_names


def checkout(folder: Path, *files: str, **settings_files: str) -> Path:
    for name in files:
        folder.joinpath(name).parent.mkdir(parents=True, exist_ok=True)
        folder.joinpath(name).touch()
    for name, text in settings_files.items():
        folder.joinpath(name.replace("__", ".")).write_text(text)
    return folder


def names(folder: Path) -> set[str]:
    return {name.name for name in own_names(folder)}


def test_packages_modules_and_folders_without_init_are_found_in_the_usual_places(tmp_path: Path) -> None:
    files = ("shop/__init__.py", "shop/cart.py", "pay.py", "src/till/__init__.py", "lib/lamp.py", "acme/part/core.py")
    assert names(checkout(tmp_path, *files)) >= {"shop", "pay", "till", "lamp", "acme.part.core"}
    assert "shop.cart" not in names(tmp_path)


def test_what_stands_beside_a_product_and_names_of_the_standard_library_are_left_out(tmp_path: Path) -> None:
    beside = ("tests/__init__.py", "tests/test_a.py", "docs/conf.py", "examples/__init__.py", "setup.py", "conftest.py")
    checkout(tmp_path, *beside, "test_top.py", "logging.py", "test/__init__.py", "scripts/deploy.py", "shop.py")
    assert names(tmp_path) == {"shop"}


def test_a_project_that_is_called_like_a_folder_beside_products_is_its_own(tmp_path: Path) -> None:
    checkout(tmp_path, "examples/__init__.py", pyproject__toml='[project]\nname = "examples"\n')
    assert own_names(tmp_path) == (OwnName("examples", frozenset({""}), sure=True),)


@pytest.mark.parametrize(
    ("settings_text", "file"),
    [
        ('[tool.setuptools.package-dir]\n"" = "code"\n', "pyproject.toml"),
        ('[tool.setuptools.packages.find]\nwhere = ["code"]\n', "pyproject.toml"),
        ('[tool.poetry]\nname = "x"\npackages = [{ include = "shop", from = "code" }]\n', "pyproject.toml"),
        ('[tool.hatch.build.targets.wheel]\npackages = ["code/shop"]\n', "pyproject.toml"),
        ('[tool.pdm.build]\npackage-dir = "code"\n', "pyproject.toml"),
        ('[tool.maturin]\npython-source = "code"\n', "pyproject.toml"),
        ('[tool.uv.build-backend]\nmodule-root = "code"\n', "pyproject.toml"),
        ("[options]\npackage_dir =\n    = code\n", "setup.cfg"),
        ("[options.packages.find]\nwhere = code\n", "setup.cfg"),
        ("setup(name='x', package_dir={'': 'code'})\n", "setup.py"),
    ],
)
def test_folders_that_settings_name_are_looked_into(tmp_path: Path, settings_text: str, file: str) -> None:
    checkout(tmp_path, "code/shop/__init__.py").joinpath(file).write_text(settings_text)
    assert "shop" in names(tmp_path)


def test_projects_below_the_root_are_looked_into(tmp_path: Path) -> None:
    checkout(tmp_path, "packages/till/pyproject.toml", "packages/till/src/till/__init__.py")
    (name,) = [name for name in own_names(tmp_path) if name.name == "till"]
    assert name.folders == {"packages/till/src"}


def test_a_copy_of_a_package_beside_the_known_product_is_not_sure(tmp_path: Path) -> None:
    checkout(tmp_path, "shop/__init__.py", "yaml/__init__.py", pyproject__toml='[project]\nname = "shop"\n')
    assert {name.name: name.sure for name in own_names(tmp_path)} == {"shop": True, "yaml": False}


def test_without_a_declared_name_every_package_is_the_project_s(tmp_path: Path) -> None:
    checkout(tmp_path, "shop/__init__.py", "till/__init__.py")
    assert all(name.sure for name in own_names(tmp_path))


def test_folders_named_outside_of_the_checkout_are_not_looked_into(tmp_path: Path) -> None:
    checkout(tmp_path, "outside/secret/__init__.py", "co/shop.py")
    (tmp_path / "co/pyproject.toml").write_text('[tool.setuptools.package-dir]\n"" = "../outside"\nx = "/etc"\n')
    assert names(tmp_path / "co") == {"shop"}


def test_links_in_a_circle_end(tmp_path: Path) -> None:
    checkout(tmp_path, "shop/core.py")
    (tmp_path / "shop/again").symlink_to(tmp_path / "shop")
    assert "shop.core" in names(tmp_path)


@given(
    text=st.text(max_size=200)
    | st.sampled_from(["[tool]\nsetuptools = 1\n", "[tool.poetry]\npackages = [1]\n", "project = 1"])
)
@settings(
    deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_settings_of_any_content_break_nothing(tmp_path: Path, text: str) -> None:
    checkout(tmp_path, "shop.py")
    for name in ("pyproject.toml", "setup.cfg", "setup.py"):
        tmp_path.joinpath(name).write_text(text, "utf-8", "replace")
    assert "shop" in names(tmp_path)
