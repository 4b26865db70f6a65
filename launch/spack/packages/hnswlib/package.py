"""hnswlib for Spack, whose own packages have none: headers only."""

try:
    from spack_repo.builtin.build_systems.generic import Package  # Spack 1.0 and newer
except ImportError:
    pass

from spack.package import *


class Hnswlib(Package):
    """Fast approximate search of nearest neighbours."""

    homepage = "https://github.com/nmslib/hnswlib"
    git = "https://github.com/nmslib/hnswlib.git"

    license("Apache-2.0")

    version("0.6.2", tag="v0.6.2")

    def install(self, spec, prefix):
        install_tree("hnswlib", prefix.include.hnswlib)
