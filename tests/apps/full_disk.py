"""A full disk, as a program meets one: no file can grow beyond a size."""

import resource
import signal


def full_disk(bytes_of_a_file):
    """Options of subprocess.run() and Popen()."""
    def limit_files():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # which would kill it; ignored, writing fails
        resource.setrlimit(resource.RLIMIT_FSIZE, (bytes_of_a_file, bytes_of_a_file))

    return {"preexec_fn": limit_files, "restore_signals": False}
