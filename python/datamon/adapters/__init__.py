"""One module for each library that datamon knows. hooks() names, for each module
that a job may import, what to do then; an adapter is loaded only when its
library is."""

import importlib

_ADAPTERS = {
    "torch.utils.data.dataloader": ("torch_data", "install"),
    "torch.cuda": ("torch_transfer", "install"),
    "PIL.Image": ("pillow", "install_image"),
    "PIL.ImageFile": ("pillow", "install_image_file"),
    "torchvision.transforms.transforms": ("transforms", "install"),
    "torchvision.transforms.autoaugment": ("transforms", "install"),
    "torchvision.transforms.v2": ("transforms", "install"),
    "torchaudio.transforms": ("transforms", "install"),
    "albumentations": ("transforms", "install_albumentations"),
}


def _lazily(adapter, function, *arguments):
    def hook(module):
        from datamon import _record

        if _record.attach():
            install = getattr(importlib.import_module("datamon.adapters." + adapter), function)
            install(module, *arguments)

    return hook


def hooks():
    """module name -> function(module), to be called once it is imported."""
    from datamon.adapters import call_table, calls

    found = {name: _lazily(*place) for name, place in _ADAPTERS.items()}
    table = {}
    for module, *call in [*call_table.CALLS, *calls.own_calls()]:
        table.setdefault(module, []).append(call)
    for module, entries in table.items():
        found[module] = _both(found.get(module), _lazily("calls", "time", entries))
    return found


def _both(first, second):
    if first is None:
        return second

    def hook(module):
        first(module)
        second(module)

    return hook
