"""Two ranks of torchrun that average a number after each batch."""

import torch
import torch.distributed as dist
from torch.utils.data import DataLoader, DistributedSampler, TensorDataset

if __name__ == "__main__":
    dist.init_process_group("gloo")
    data = TensorDataset(torch.arange(40.0))
    sampler = DistributedSampler(data, shuffle=False)
    sums = []
    for (batch,) in DataLoader(data, batch_size=4, sampler=sampler, num_workers=1):
        total = batch.sum()
        dist.all_reduce(total)
        sums.append(total.item())
    if dist.get_rank() == 0:
        print(sums)
    dist.destroy_process_group()
