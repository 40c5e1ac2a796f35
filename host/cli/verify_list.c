/* SPDX-License-Identifier: MIT */
#include "cli/verify_list.h"

/* data/mnist */
const char cli_named_data_sha256[] =
    "f81dd639134dd9b50ea9750b269189156d1ca498ca7de9b495e9e36ea76904b8";

enum { LONG, QUICK };

/* Sizes that fill no panel, no tile of rows and no block of batches are among the quick ones,
 * and among the long ones the run that `clearbox learn` makes by itself. `clearbox verify --all
 * --print` writes the rows as they stand here. */
/* clang-format off */
const cli_named_run cli_named_runs[] = {
    {"lesson-64", 64, 64, CBX_RECIPE_LESSON, 1, 0, 0, QUICK,
     "e8907f1b1090 a820ee3ae107 d88d32e71c2e 8b0c09f9a899 ea0c6bafcc3c 4748673182c4 ba9cfb246ba3 "
     "70397ffc417b 6d60bde18be5 839ff71d944d 18a142ab07a6",
     "abc6a5ece8accbcaaae0e9c290a570c83f60563d8fa47cfacc1b325dcbea5228"},
    {"nll-100", 100, 64, CBX_RECIPE_NLL, 1, 0, 0, QUICK,
     "af56f81efd8b eacf67ebe17e d0bd731e9b1b 859ace77d7ae e37d82eb2bcf 31a723a0a17f 41eb5bba8feb "
     "de65cc567d56 4b3e444ea905 c2ac6b165477 0a52a6988e15",
     "840a490f0385dce8b7e014ebdc56eec3388cbd2e21a3d65719322b4737bbcc96"},
    {"lesson-37-batch-7", 37, 7, CBX_RECIPE_LESSON, 1, 1000, 1, QUICK,
     "9ad9a7c82ec4 4a73e14b1424 6b0e78eaf4f7 3672e64342d8 74a9ef3e36ac 5de938ffc581 184013fa029e "
     "3621178e4df8 2d7bffaa008a 015b29acd465 fec0912ff32a",
     "f24871115cb65a65bcdfc42ae5a1d7257794d7f27a2e58f3b49247c24e008afe"},
    {"nll-33-batch-1", 33, 1, CBX_RECIPE_NLL, 1, 1000, 0, QUICK,
     "60c0db58cadf ed3657a40707 d4888ef438ba da28bd9764b8 87676bae6191 9ae412ba07f3 b7dd58fe1158 "
     "f2d2492d69af 23822dcd047c af5c3a8e88e1 851b36779e76",
     "657963109fc9c9ddb44102a39d7aa95b6ff6dbe371387a90ef52697c6312831f"},
    {"nll-257-batch-77", 257, 77, CBX_RECIPE_NLL, 1, 300, 0, QUICK,
     "951b526145fc 1bfe7ee89d27 72d60a05244f 05e682ed425c a9d427929857 75147cb49ff8 f6f989f13783 "
     "4734c653ad75 890a01b06024 b3c1cd031013",
     "3d9e5231ebbf6e7f6447ae06086e05709297bf2131c1708dc32d0ff3a96a4730"},
    {"lesson-700-batch-1000", 700, 1000, CBX_RECIPE_LESSON, 1, 16, 0, QUICK,
     "4ef77d7deeef 37f22426cb3a 7cef17f77a61 58ca664c1116 859391efd815",
     "a855ae1254515103aa34d6782b886fc44b942eb090c83481fc58f201d30c7f7c"},
    {"lesson-1024", 1024, 64, CBX_RECIPE_LESSON, 1, 128, 0, QUICK,
     "af77a0b10ea7 4a04abed62ef 8da3c21dae7d a750a18be807 7b37fb8371ce 7fea5d8a9e41 4e8bc1ebd4ed "
     "87b2d31419c9",
     "c2a87f69a454776285ed24e66ff4584de266190810451c9000ee1e0e577ce191"},
    {"lesson-64-epochs-5", 64, 64, CBX_RECIPE_LESSON, 5, 0, 0, LONG,
     "e8907f1b1090 a820ee3ae107 d88d32e71c2e 8b0c09f9a899 ea0c6bafcc3c 4748673182c4 ba9cfb246ba3 "
     "70397ffc417b 6d60bde18be5 839ff71d944d 18a142ab07a6 b04e889b9e07 d4ff993a9cc2",
     "289f736db2d1a32eeb55b88f11e94687885e810d12c52f04b0cd4e2e8eef3788"},
    {"nll-1024-epochs-5", 1024, 64, CBX_RECIPE_NLL, 5, 0, 0, LONG,
     "af77a0b10ea7 999dae207901 c3a69d38becf 9cf219f2c7c6 8abedaf449cd 5f65f865dd2d bcace900e64a "
     "c2a349ea53f3 4ef016481648 9a290a5aa21a 012ce298e0f2 ff3be5cd264b f1091c08ce17",
     "0753514fb8f3ad4fe7982607a9e7ca6b05360774319cf5dcfe56884ba4059a74"},
    {"lesson-4096", 4096, 64, CBX_RECIPE_LESSON, 1, 0, 0, LONG,
     "ad0bde9fb193 3faf121deb41 1372348bf476 81ed93bf1530 9ca2a7f7b4e8 8f6f98c87635 02f7ed1c3a3b "
     "c4e43ac9949e 1ce1e04b65ac 329dd5384a79 b49a234f852e",
     "a22c88346c85a97bde019a5066d087e34f789e923d842b4354854733108ac8d5"},
    {0},
};
