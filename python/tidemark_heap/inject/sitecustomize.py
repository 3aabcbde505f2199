"""Start the heap measurement of `tidemark run --heap-diff`, then the sitecustomize that would have run without it.

The recorder puts this folder first in PYTHONPATH. It takes itself out of `sys.path` again, so that the program
finds its modules where it finds them without Tidemark. Any Python may meet this file, so it is valid for Python 2 too.
"""

import os
import sys


def _start():
    if "TIDEMARK_HEAP" not in os.environ or sys.version_info < (3, 9):
        return
    import importlib.util

    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    spec = importlib.util.spec_from_file_location(
        "tidemark_heap", os.path.join(package, "__init__.py"), submodule_search_locations=[package]
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules["tidemark_heap"] = module
    spec.loader.exec_module(module)
    module.start_from_environment()


def _chain():
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [path for path in sys.path if os.path.abspath(path) != own]
    ours = sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # noqa: F401  (the user's own)
    except ImportError as error:
        # `site` passes over a missing sitecustomize in the same way, and reports any other failure.
        if getattr(error, "name", "sitecustomize") != "sitecustomize":
            raise
        if ours is not None:
            sys.modules["sitecustomize"] = ours


try:
    _start()
except Exception as error:  # the program runs whatever happens here
    sys.stderr.write("tidemark: the heap of this process is not measured: %s\n" % (error,))
_chain()
