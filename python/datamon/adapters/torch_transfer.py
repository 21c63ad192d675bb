"""Copies of a batch to a device: Tensor.to and Tensor.cuda inside a step.

Nothing is touched before the job has used its device for the first time. With
non_blocking=True and pinned memory the span is the time to start the copy, not
the copy's; that takes a GPU trace.
"""

import torch
from datamon._consumer import this_thread
from datamon._record import native

_installed = False


def install(cuda):
    """`cuda`: the module torch.cuda; begins when the job first uses a device."""
    cuda._lazy_init = native.Around(cuda._lazy_init, None, _after_first_use)


def _after_first_use(state, result, failed):
    if not failed:
        time_transfers(("cuda",))


def time_transfers(devices):
    """Times copies from host memory to devices of these types, once."""
    global _installed
    if _installed:
        return
    _installed = True

    def before_to(tensor, *arguments, **keywords):
        target = keywords.get("device", arguments[0] if arguments else None)
        return _begin(tensor, _device_type(target) in devices)

    def before_cuda(tensor, *arguments, **keywords):
        return _begin(tensor, True)

    torch.Tensor.to = native.Around(torch.Tensor.to, before_to, _end)
    torch.Tensor.cuda = native.Around(torch.Tensor.cuda, before_cuda, _end)


def _device_type(target):
    if isinstance(target, str):
        return target.partition(":")[0]
    if isinstance(target, int):
        return "cuda"
    device = getattr(target, "device", target)  # a tensor says where it is
    return getattr(device, "type", None)


def _begin(tensor, to_device):
    if not to_device or not this_thread.compute or tensor.device.type != "cpu":
        return None
    return native.begin(native.TRANSFER), tensor.numel() * tensor.element_size()


def _end(state, result, failed):
    if state is not None:
        handle, size = state
        native.end(handle, this_thread.batch, size)
