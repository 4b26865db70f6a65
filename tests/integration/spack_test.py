"""The Spack recipes, without Spack: a stand-in of its package module notes what they declare, and this compares it with
what the CMake files look for.

usage: spack_test.py SOURCE_DIR
"""

import contextlib
import pathlib
import re
import runpy
import sys
import types
import unittest

SOURCE = pathlib.Path(sys.argv.pop(1))
PACKAGES = SOURCE / "launch/spack/packages"

# What CMake calls a package, and the Spack package that has it. None: part of the compiler or of CMake, or used by tests alone.
SPACK_NAMES = {
    "Threads": None,
    "Eigen3": "eigen",
    "Protobuf": "protobuf",
    "Boost": "boost",
    "fmt": "fmt",
    "spdlog": "spdlog",
    "CLI11": "cli11",
    "nlohmann_json": "nlohmann-json",
    "LibArchive": "libarchive",
    "cppzmq": "cppzmq",
    "prometheus-cpp": "prometheus-cpp",
    "random123": "random123",
    "xxhash": "xxhash",
    "sodium": "libsodium",
    "OpenCV": "opencv",
    "MPI": "openmpi",
    "Python": "python",
    "pybind11": "py-pybind11",
    "hnswlib/hnswlib.h": "hnswlib",
    "opencv2/dnn.hpp": "opencv",
    "simgrid": None,
    "simgrid/s4u.hpp": None,
}


class Declared:
    """What one recipe has declared."""

    def __init__(self):
        self.dependencies = {}  # name -> variants that it needs, "" for always
        self.variants = {}
        self.versions = []
        self.extends = []


class FakePackage:
    """Stands for Spack's classes of packages."""

    def define(self, name, value):
        return "-D{0}={1}".format(name, value)

    def define_from_variant(self, name, variant):
        return self.define(name, variant in self.spec.variants)


class FakeSpec:
    """A spec with these variants."""

    def __init__(self, variants):
        self.variants = variants

    def satisfies(self, condition):
        return condition.lstrip("+") in self.variants

    def __getitem__(self, name):
        version = types.SimpleNamespace(up_to=lambda parts: ".".join(["3", "11", "2"][:parts]))
        return types.SimpleNamespace(version=version, command=types.SimpleNamespace(path="/spack/bin/" + name))


def spack_package(declared):
    """A module with the names that the recipes use, which notes what they declare."""
    module = types.ModuleType("spack.package")
    conditions = []

    def depends_on(spec, type=None, when=""):
        name = re.match(r"[a-z0-9-]+", spec).group()
        declared.dependencies[name] = when or "".join(conditions)

    @contextlib.contextmanager
    def when(condition):
        conditions.append(condition)
        yield
        conditions.pop()

    def variant(name, default, description):
        declared.variants[name] = default

    def version(name, **where):
        declared.versions.append((name, where))

    module.CMakePackage = module.Package = FakePackage
    module.depends_on = depends_on
    module.when = when
    module.variant = variant
    module.version = version
    module.extends = declared.extends.append
    module.license = module.generator = lambda name: None
    module.conflicts = lambda spec, msg: None
    module.install_tree = lambda source, target: None
    return module


def load(name):
    """Runs a recipe: its class, and what it has declared."""
    declared = Declared()
    package = spack_package(declared)
    package.__all__ = [name for name in vars(package) if not name.startswith("_")]
    sys.modules["spack"] = types.ModuleType("spack")
    sys.modules["spack.package"] = package
    names = runpy.run_path(str(PACKAGES / name / "package.py"))
    return names[name.capitalize()], declared


def cmake_text():
    files = [SOURCE / "CMakeLists.txt", *sorted((SOURCE / "common/cmake").glob("*.cmake"))]
    files += [path for folder in ("common", "ps", "worker", "scheduler", "launch")
              for path in sorted((SOURCE / folder).rglob("CMakeLists.txt"))]
    lines = "\n".join(path.read_text() for path in files).splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("#"))


def looked_for(text):
    """What CMake looks for: packages, plain libraries and headers."""
    found = set(re.findall(r"\bfind_package\(([\w-]+)", text))
    found |= set(re.findall(r"^attune_plain_library\(([\w-]+)", text, re.MULTILINE))
    for name in re.findall(r"\bfind_(?:path|library)\(\S+ ([^\s)]+)", text):
        if "$" not in name:
            found.add(name)
    return found


class SpackRecipes(unittest.TestCase):
    def setUp(self):
        self.recipe, self.declared = load("attune")

    def arguments(self, *variants):
        package = self.recipe()
        package.spec = FakeSpec(variants)
        return dict(argument[2:].split("=", 1) for argument in package.cmake_args())

    def test_everything_that_cmake_looks_for_is_a_dependency(self):
        names = looked_for(cmake_text())
        self.assertGreater(len(names), 15)
        for name in sorted(names):
            with self.subTest(name):
                self.assertIn(name, SPACK_NAMES, "add its Spack package to this test and to the recipe")
                spack = SPACK_NAMES[name]
                if spack is not None:
                    self.assertIn(spack, self.declared.dependencies)

    def test_nothing_is_expected_that_cmake_does_not_look_for(self):
        self.assertEqual(set(SPACK_NAMES), looked_for(cmake_text()))

    def test_options_exist(self):
        text = cmake_text()
        known = set(re.findall(r"\b(?:option|set)\((ATTUNE_\w+)", text))
        for option in self.arguments(*self.declared.variants):
            if option.startswith("ATTUNE_"):
                with self.subTest(option):
                    self.assertIn(option, known)

    def test_each_optional_part_is_a_variant_that_is_on_or_off(self):
        parts = re.findall(r"set\(ATTUNE_(\w+) AUTO CACHE", cmake_text())
        self.assertEqual(sorted(parts), ["HNSW", "MPI", "OPENCV", "PYTHON", "SIMGRID"])
        parts.remove("SIMGRID")  # of tests
        for part in parts:
            with self.subTest(part):
                self.assertEqual(self.arguments(part.lower())["ATTUNE_" + part], "True")
                self.assertEqual(self.arguments()["ATTUNE_" + part], "False")

    def test_what_a_variant_needs_is_asked_for_with_it_only(self):
        conditions = {name: when for name, when in self.declared.dependencies.items() if when}
        self.assertEqual(conditions, {
            "openmpi": "+mpi", "hnswlib": "+hnsw", "opencv": "+opencv", "python": "+python",
            "py-pybind11": "+python", "py-numpy": "+python", "py-scipy": "+python"})

    def test_python_goes_where_spacks_python_looks(self):
        arguments = self.arguments("python")
        self.assertEqual(arguments["ATTUNE_PYTHON_DIR"], "lib/python3.11/site-packages")
        self.assertEqual(arguments["Python_EXECUTABLE"], "/spack/bin/python")

    def test_the_source_is_this_checkout(self):
        self.assertEqual(self.declared.versions, [("develop", {"branch": "main"})])
        self.assertEqual(pathlib.Path(self.recipe.git[len("file://"):]).resolve(), SOURCE.resolve())

    def test_every_recipe_of_the_repository_loads(self):
        for path in sorted(PACKAGES.iterdir()):
            with self.subTest(path.name):
                _, declared = load(path.name)
                self.assertTrue(declared.versions)


if __name__ == "__main__":
    unittest.main()
