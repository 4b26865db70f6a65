"""attune for Spack. What it needs is what CMakeLists.txt looks for: spack_test compares the two."""

import os

try:
    from spack_repo.builtin.build_systems.cmake import CMakePackage  # Spack 1.0 and newer
except ImportError:
    pass

from spack.package import *


class Attune(CMakePackage):
    """Distributed training of Attentive Collaborative Filtering."""

    # The checkout that this recipe is part of: launch/spack/packages/attune/package.py.
    git = "file://" + os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 4))

    license("Apache-2.0")

    version("develop", branch="main")

    variant("mpi", default=True, description="Ranks that mpirun or srun start")
    variant("hnsw", default=False, description="Indexes of 'attune export'")
    variant("opencv", default=False, description="'attune features': pictures, videos and networks")
    variant("python", default=False, description="The Python package")
    variant("native", default=False, description="Compile with -march=native, beyond Spack's own target")

    depends_on("cxx", type="build")
    depends_on("cmake@3.25:", type="build")
    depends_on("ninja", type="build")
    generator("ninja")

    depends_on("eigen@3.4:3")
    # 22 and newer need Abseil, which CMake's own way to find Protocol Buffers does not link.
    depends_on("protobuf@3.12:3.21", type=("build", "link", "run"))
    depends_on("boost@1.74:")
    depends_on("fmt@9:")
    depends_on("spdlog@1.10:")
    depends_on("cli11@2:")
    depends_on("nlohmann-json@3.11:")
    depends_on("random123")
    depends_on("xxhash@0.8:")
    depends_on("libarchive@3.6: compression=zlib,zstd")
    depends_on("cppzmq@4.8:")
    depends_on("libzmq@4.3: +libsodium")
    depends_on("libsodium")
    depends_on("prometheus-cpp")

    # Ranks are known by the variables of Open MPI and PMIx.
    depends_on("openmpi@4:", when="+mpi")
    depends_on("hnswlib", when="+hnsw")
    depends_on("opencv@4.6: +dnn+imgcodecs+imgproc+videoio+protobuf+ffmpeg", when="+opencv")

    with when("+python"):
        extends("python")
        depends_on("python@3.9:", type=("build", "link", "run"))
        depends_on("py-pybind11@2.10:", type="build")
        depends_on("py-numpy", type=("build", "run"))
        depends_on("py-scipy", type="run")

    conflicts("%gcc@:11", msg="attune is C++20: GCC 12 or newer")

    def cmake_args(self):
        arguments = [
            self.define("BUILD_TESTING", False),
            self.define("ATTUNE_WERROR", False),
            self.define_from_variant("ATTUNE_NATIVE", "native"),
            self.define_from_variant("ATTUNE_MPI", "mpi"),
            self.define_from_variant("ATTUNE_HNSW", "hnsw"),
            self.define_from_variant("ATTUNE_OPENCV", "opencv"),
            self.define_from_variant("ATTUNE_PYTHON", "python"),
        ]
        if self.spec.satisfies("+python"):
            python = self.spec["python"]
            packages = "python{0}/site-packages".format(python.version.up_to(2))
            arguments.append(self.define("Python_EXECUTABLE", python.command.path))
            arguments.append(self.define("ATTUNE_PYTHON_DIR", "lib/" + packages))
        return arguments
