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
     "e8907f1b1090 4293f9039452 9e20462ae4a8 1116ac765860 335b24f74cbb 5ff71403fa1e fdcb786c427a "
     "6de2659b0709 616b3f828ffc aab2619ff6d9 eef59d8a9b3e",
     "549596ba26afa2c872e2146f9f05ba0f00815567052f21252951f6a77b1f3744"},
    {"nll-100", 100, 64, CBX_RECIPE_NLL, 1, 0, 0, QUICK,
     "af56f81efd8b 837625455349 abc2924b8f13 332761fab6d6 feabf42622af 1dcd25571110 fc5fad816f49 "
     "5b7fd0b063c3 1048ed634dce 5fea41c40f01 7191757ee92c",
     "561d160e2b9e3502ca6b444e1214c266100485fcc3eafe72f4d820c4ee850702"},
    {"lesson-37-batch-7", 37, 7, CBX_RECIPE_LESSON, 1, 1000, 1, QUICK,
     "9ad9a7c82ec4 9d7f91ef3fef 53cd488e0151 66930ae71f56 99f163ae4c77 373d1bec1581 2d965af31ad2 "
     "f8ef20f5d67c 5b3fd3ea28ec 6bbd22c75ccc 599f876d7e3d",
     "67b4434c08ff6245da00284c7f28327aab37a75775869405731a34212e6c981b"},
    {"nll-33-batch-1", 33, 1, CBX_RECIPE_NLL, 1, 1000, 0, QUICK,
     "60c0db58cadf dc66460430ec 73f02585b0cc 929ce8bc8d16 87cbabe4405c 99c5b204529a 0ba8432bddad "
     "523f1f0be21f 03a2beace4e4 fced9ff1c665 4d7ae8dccb0d",
     "75b5e001c2d7ae7c7ab5b57d78df1506c89dbb1767977b5ef0a494c960fed417"},
    {"nll-257-batch-77", 257, 77, CBX_RECIPE_NLL, 1, 300, 0, QUICK,
     "951b526145fc 0513751fb852 c5073162387d fd26f9391589 4b3c2fd219b9 55eb03f79bbb f898d399afb8 "
     "ba6abfdf8052 7a5afa62aa57 e9d7a5cefd75",
     "3c52ba2bdf47bf5f4576427380a4119de7f86071ea6592518cff4b29e96e89cc"},
    {"lesson-700-batch-1000", 700, 1000, CBX_RECIPE_LESSON, 1, 16, 0, QUICK,
     "4ef77d7deeef f5f277a7f2c8 aac16963f5bc 5f0f86ed1022 afef4d442d57",
     "a5d9ead119ef7449997f5a058ccca15f5d32bccf04921d0ed45c29b671fadb4e"},
    {"lesson-1024", 1024, 64, CBX_RECIPE_LESSON, 1, 128, 0, QUICK,
     "af77a0b10ea7 3d1cd5eb2e55 27afb77a82c3 c3f82e1351fc c45fe73499d0 153d6e92b226 57d61a6834bb "
     "6aec9fe8a674",
     "f17ea05a58904cbef4128da9d846bd0ab154265634a621e81216660ee39eda3e"},
    {"lesson-64-epochs-5", 64, 64, CBX_RECIPE_LESSON, 5, 0, 0, LONG,
     "e8907f1b1090 4293f9039452 9e20462ae4a8 1116ac765860 335b24f74cbb 5ff71403fa1e fdcb786c427a "
     "6de2659b0709 616b3f828ffc aab2619ff6d9 eef59d8a9b3e c045a7cb2bf1 414c577a897e",
     "840ba84969b4f069885957e7d57a0ebd659cc7f7f49ef5dfb366f35b795ec746"},
    {"nll-1024-epochs-5", 1024, 64, CBX_RECIPE_NLL, 5, 0, 0, LONG,
     "af77a0b10ea7 9b7bdcb61be5 32007749c8bc 34642081c798 ed318e0ce274 5dcb1dd543c9 0bfa610b1fcf "
     "d5f964979cd2 b495e9df194d 15aa1d4cce45 25e8005cab10 585feeaf5e44 ee6ec320c23f",
     "4b7c9dc16afac02ee7e1cba7b7b24166e11615d409fb5e291cc10babfcec4c5a"},
    {"lesson-4096", 4096, 64, CBX_RECIPE_LESSON, 1, 0, 0, LONG,
     "ad0bde9fb193 7f9a1ff22b8b bf26d7105b26 4d34ab17e227 03aa3ceacd64 e6fe362de2ab 9438729ffbad "
     "1ff91252703f 26505ea1340e ece77c5229a9 ba9b7355aea7",
     "607bee24c41ab3c294aab2a6425b558d3e6f7f1adee40714cc5dad1aa2b4fe00"},
    {0},
};
