// How a step's matrices are divided among the blocks of a grid, and how a warp's share of them comes to it.
#pragma once

#include "gpt2/parameters.cuh"

constexpr int kItemWarps = 4;   // that share a tile of outputs
constexpr int kSlotTiles = 4;   // of weights that come to a warp, and are multiplied, at once
constexpr int kRingTileBytes = 512;

__device__ __forceinline__ int tiles_of(int outputs) { return (outputs + kTileOutputs - 1) / kTileOutputs; }

// A layer's matrices, in the order in which a step multiplies them.
constexpr int kQkv = 0;
constexpr int kMerge = 1;
constexpr int kUp = 2;
constexpr int kDown = 3;
constexpr int kLayerMatrices = 4;

// An item is two tiles of outputs by a slice of the depth: `count` tiles from `first` on. Four warps have each of the
// two tiles, and of the depth a quarter each.
struct alignas(16) Item {
  int pair;
  int slice;
  int first;
  int count;

  __device__ int share() const { return (count + kItemWarps - 1) / kItemWarps; }
  __device__ int share_begin(int member) const { return min(count, member * share()); }
  __device__ int share_count(int member) const { return min(count, (member + 1) * share()) - share_begin(member); }
};

struct Division {
  int output_tiles;
  int depth_tiles;
  int slices;
  unsigned inverse;  // of pairs(), rounded up, times 2^32: with it items below 2^16 are divided exactly

  __device__ Division(int output_tiles, int depth_tiles, int slices)
      : output_tiles(output_tiles),
        depth_tiles(depth_tiles),
        slices(slices),
        inverse(0xffffffffu / static_cast<unsigned>((output_tiles + 1) / 2) + 1) {}

  __device__ int pairs() const { return (output_tiles + 1) / 2; }
  __device__ int items() const { return pairs() * slices; }
  __device__ int slice_tiles() const { return (depth_tiles + slices - 1) / slices; }
  __device__ Item item(int number) const {
    const int slice = pairs() == 1 ? number : __umulhi(number, inverse);
    const int first = slice * slice_tiles();
    return {number - slice * pairs(), slice, first, min(slice_tiles(), depth_tiles - first)};
  }
};

// A warp's tiles of an item.
struct alignas(16) Share {
  int begin;  // counted from the matrix's first
  int count;
  int depth;  // of the first, within the slice
};

// What a block multiplies of each of a layer's matrices. Few matrices have more items than there are blocks, so that a
// block's first item of each is kept. Each matrix begins with another block, for all to have about the same to do.
struct Plan {
  Division division[kLayerMatrices];
  Item first[kLayerMatrices];
  Share share[kLayerMatrices][kBlockWarps];  // of the first items
  int items[kLayerMatrices];
  int start[kLayerMatrices];  // the number of the first item

  __device__ void set(int matrix, const Division& d) {
    const int number = first_number(matrix);
    division[matrix] = d;
    items[matrix] = d.items();
    start[matrix] = number;
    first[matrix] = d.item(number);
    for (int w = 0; w < kBlockWarps; ++w) {
      share[matrix][w] = number < d.items() ? share_of(d, first[matrix], w) : Share{0, 0, 0};
    }
  }

  static __device__ Share share_of(const Division& d, const Item& item, int warp) {
    const int tile = 2 * item.pair + warp / kItemWarps;
    if (tile >= d.output_tiles) return {0, 0, 0};
    const int member = warp % kItemWarps;
    return {tile * d.depth_tiles + item.first + item.share_begin(member), item.share_count(member),
            item.share_begin(member)};
  }

  static __device__ int first_number(int matrix) {
    const int number = blockIdx.x + matrix * (gridDim.x / kLayerMatrices);
    return number < gridDim.x ? number : number - gridDim.x;
  }
};

// Where a warp's weights of a step are, in the order in which it multiplies them.
class WeightPath {
 public:
  __device__ WeightPath(const Step& step, const Layer* layers, const Plan& plan, int warp)
      : step_(step), layers_(layers), plan_(plan), warp_(warp), matrix_(-1), number_(0), left_(0) {}

  // Goes on to the next item of which the warp has tiles; false if there is none.
  __device__ __forceinline__ bool next() {
    const int matrices = kLayerMatrices * step_.shape.layers;
    // Where no logits are wanted, the last keys and values are the last.
    const int wanted = matrices - (step_.wants_logits ? 0 : kLayerMatrices - 1);
    while (left_ == 0) {
      if (matrix_ == matrices) {
        number_ += gridDim.x * kBlockWarps;
        if (!take_head_tile()) return false;
        continue;
      }
      number_ += gridDim.x;
      const int kind = matrix_ % kLayerMatrices;
      if (matrix_ >= 0 && number_ < plan_.items[kind]) {
        const Division& d = plan_.division[kind];
        take(kind, Plan::share_of(d, d.item(number_), warp_));
        continue;
      }
      if (++matrix_ == wanted) {
        if (!step_.wants_logits) return false;
        // Of the head a warp has whole tiles of outputs.
        number_ = blockIdx.x * kBlockWarps + warp_;
        if (!take_head_tile()) return false;
        continue;
      }
      const int next = matrix_ % kLayerMatrices;
      number_ = plan_.start[next];
      take(next, plan_.share[next][warp_]);
    }
    return true;
  }

  // Tiles that are left of the item, and the first of them.
  __device__ __forceinline__ int left() const { return left_; }
  __device__ __forceinline__ const uint4* from() const { return from_; }

  __device__ __forceinline__ void skip(int tiles) {
    from_ += tiles * 32;
    left_ -= tiles;
  }

 private:
  __device__ __forceinline__ bool take_head_tile() {
    if (number_ >= tiles_of(step_.shape.vocabulary)) return false;
    from_ = step_.weights.head + static_cast<long long>(number_) * step_.shape.hidden_tiles * 32;
    left_ = step_.shape.hidden_tiles;
    return true;
  }

  __device__ __forceinline__ void take(int kind, const Share& share) {
    const Layer& layer = layers_[matrix_ / kLayerMatrices];
    const uint4* matrix = kind == kQkv ? layer.qkv : kind == kMerge ? layer.merge : kind == kUp ? layer.up : layer.down;
    from_ = matrix + static_cast<long long>(share.begin) * 32;
    left_ = share.count;
  }

  const Step& step_;
  const Layer* layers_;
  const Plan& plan_;
  int warp_;
  int matrix_;
  int number_;  // of the item, or the head's tile
  int left_;
  const uint4* from_;
};

// A warp's ring of slots in shared memory, as a lane sees it: of each tile it has 16 bytes.
template <int SLOTS>
class LaneRing {
 public:
  __device__ explicit LaneRing(const char* ring)
      : at_(shared_address(ring) + (threadIdx.x / 32 * SLOTS * kSlotTiles * 32 + threadIdx.x % 32) * 16) {}

  // Where the slot that is used as the number-th is.
  __device__ __forceinline__ unsigned slot(unsigned number) const {
    return at_ + number % SLOTS * (kSlotTiles * kRingTileBytes);
  }

  __device__ __forceinline__ uint4 tile(unsigned number, int i) const {
    return shared_vector(at_ + (number % SLOTS * kSlotTiles + i) * kRingTileBytes);
  }

 private:
  unsigned at_;
};

// A warp's weights of a step. They come through a ring of slots in shared memory, which runs ahead of the grid's
// barriers. Each lane copies and takes its own 16 bytes of a tile, so that lanes need not wait for each other. A group
// of copies is committed for each slot: nothing else may commit copies.
template <int SLOTS>
class WeightStream {
  static_assert(SLOTS <= 8, "await() knows no more");

 public:
  __device__ WeightStream(const Step& step, char* ring, const Layer* layers, const Plan& plan)
      : ring_(ring),
        path_(step, layers, plan, threadIdx.x / 32),
        under_way_(0),
        taken_(0),
        ended_(false) {
    refill();
  }

  // Waits for the next slot, but for none of those after it.
  __device__ __forceinline__ void await() {
    if (under_way_ == 0) refill();
    switch (under_way_) {
      case 8:
        await_copies<7>();
        break;
      case 7:
        await_copies<6>();
        break;
      case 6:
        await_copies<5>();
        break;
      case 5:
        await_copies<4>();
        break;
      case 4:
        await_copies<3>();
        break;
      case 3:
        await_copies<2>();
        break;
      case 2:
        await_copies<1>();
        break;
      default:
        await_copies<0>();
    }
  }

  // This lane's part of a tile of the slot.
  __device__ __forceinline__ uint4 tile(int i) const { return ring_.tile(taken_, i); }

  // Gives up the slot.
  __device__ __forceinline__ void take() {
    ++taken_;
    --under_way_;
  }

  // Finds out where the next tiles are, if that is not known, so that sending for them takes less time.
  __device__ __forceinline__ void look_ahead() {
    if (path_.left() == 0 && !ended_) ended_ = !path_.next();
  }

  // Sends for tiles to empty slots.
  __device__ __forceinline__ void refill() {
#pragma unroll 1
    while (under_way_ < SLOTS) {
      look_ahead();
      if (ended_) return;
      const unsigned to = ring_.slot(taken_ + under_way_);
      const uint4* from = path_.from() + threadIdx.x % 32;
      if (path_.left() >= kSlotTiles) {
#pragma unroll
        for (int i = 0; i < kSlotTiles; ++i) copy_vector(to + i * kRingTileBytes, from + i * 32);
        path_.skip(kSlotTiles);
      } else {
#pragma unroll 1
        for (int i = 0; i < path_.left(); ++i) copy_vector(to + i * kRingTileBytes, from + i * 32);
        path_.skip(path_.left());
      }
      commit_copies();
      ++under_way_;
    }
  }

 private:
  LaneRing<SLOTS> ring_;
  WeightPath path_;
  int under_way_;
  unsigned taken_;
  bool ended_;
};
