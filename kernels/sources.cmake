# SPDX-License-Identifier: MIT
# The programs that kernels are built as, and the sources of each in the order in which they
# are joined to one text: a file sees what those above it define. Another program is a
# folder, a list, and a name here. Files have different names in all folders.
set(CBX_PROGRAMS train wide picture film bench)

# Trains, evaluates and draws: train_cpu draws its panels while they are in the cache.
set(CBX_SOURCES_train
    canon.h
    layout.h
    train/activation.cl
    train/tree.cl
    train/loss.cl
    train/biased_matmul.cl
    train/sigmoid.cl
    train/delta.cl
    train/weight_update.cl
    picture/picture.cl
    picture/picture_cpu.cl
    picture/picture_gpu.cl
    train/ink.cl
    train/blocks_cpu.cl
    train/ink_cpu.cl
    train/batch_cpu.cl
    train/train_cpu.cl
    train/turn.cl
    train/blocks_gpu.cl
    train/batch_gpu.cl
    train/train_gpu.cl
    train/mma.cl
    train/split_gpu.cl
    train/evaluate.cl
    train/evaluate_cpu.cl
    train/evaluate_gpu.cl
    train/fma_speed.cl)

# Trains small layers on GPUs.
set(CBX_SOURCES_wide
    canon.h
    train/wide.h
    layout.h
    train/activation.cl
    train/loss.cl
    train/blocks_gpu.cl
    train/batch_gpu.cl
    train/train_gpu.cl)

# Draws what is not the lesson's.
set(CBX_SOURCES_picture
    layout.h
    picture/tiles.h
    picture/caption.h
    picture/picture.cl
    picture/tiles.cl
    picture/caption.cl)

# Encodes films.
set(CBX_SOURCES_film
    layout.h
    film/coding.h
    film/tables.cl
    film/transform.cl
    film/bits.cl
    film/cavlc.cl
    film/source.cl
    film/residual.cl
    film/key.cl
    film/change.cl
    film/change_cpu.cl
    film/change_gpu.cl
    film/macroblock.cl
    film/slice.cl
    film/samples.cl)

# What a device can do at best.
set(CBX_SOURCES_bench
    layout.h
    bench/peak.cl
    bench/bandwidth.cl)
