"""Whether a run can be rolled back, in words: for the question, the summary and the report."""

from bulkeic.output.formatting import counted
from bulkeic.store.run_file import RunFile


def reversibility_text(run: RunFile, *, in_waves: bool = False) -> str:
    """Whether every target that a run has changed or will change can be restored.

    Args:
        run: the run file.
        in_waves: whether the run is about to get waves, which always store before-images.
    """
    if not (run.metadata.keeps_before_images or in_waves):
        return "this run cannot be rolled back: it stores no before-images"
    without_image = run.changed_without_before_image()
    if not without_image:
        return "this run can be rolled back"
    changed = counted(without_image, "target")
    return f"this run cannot be rolled back: {changed} changed without a before-image"
