# SPDX-License-Identifier: Apache-2.0
"""The libraries of cmake/dependencies.cmake in the versions of Debian 12. Untested: see README.md."""
from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.gnu import PkgConfigDeps
from conan.tools.scm import Version


class Calsync(ConanFile):
    name = "calsync"
    version = "0.1.0"
    license = "Apache-2.0"
    description = "Mirrors calendars into Postgres"
    package_type = "application"
    settings = "os", "arch", "compiler", "build_type"
    default_options = {
        # Asio and Beast are headers; Boost.URL is the one compiled library.
        "boost/*:without_url": False,
        # TLS towards the database
        "libpq/*:with_openssl": True,
        # The metrics are served on our own endpoints: the core alone.
        "prometheus-cpp/*:with_pull": False,
        "prometheus-cpp/*:with_push": False,
        # Catch2::Catch2WithMain
        "catch2/*:with_main": True,
    }

    def requirements(self):
        self.requires("boost/1.81.0")
        self.requires("openssl/[>=3.0.8 <3.1]")
        self.requires("libpq/[>=15 <16]")
        self.requires("icu/72.1")
        self.requires("fmt/9.1.0")
        self.requires("cli11/2.1.2")
        self.requires("yaml-cpp/0.7.0")
        self.requires("prometheus-cpp/1.0.1")
        # Debian's 1.1.0 carries later fixes, so a snapshot is nearer to it than the release.
        self.requires("rapidjson/cci.20220822")
        self.requires("libsystemd/252.4")
        # libical 3.0 is not in Conan Center: pkg-config finds the system's (libical-dev).

    def build_requirements(self):
        self.test_requires("catch2/2.13.10")
        self.tool_requires("cmake/[>=3.25 <4]")

    def validate(self):
        # cmake/compiler.cmake says why.
        if self.settings.compiler != "clang" or Version(str(self.settings.compiler.version)) < "17":
            raise ConanInvalidConfiguration("calsync is built with clang 19")

    def layout(self):
        # The sources are the parent of this folder.
        self.folders.root = ".."
        cmake_layout(self, build_folder="build/conan")

    def generate(self):
        deps = CMakeDeps(self)
        # cmake/dependencies.cmake reads RAPIDJSON_INCLUDE_DIRS, as Debian's package sets it.
        deps.set_property("rapidjson", "cmake_additional_variables_prefixes", ["RAPIDJSON"])
        deps.generate()
        PkgConfigDeps(self).generate()
        CMakeToolchain(self, generator="Ninja").generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        CMake(self).install()
