// Stable sorting along an axis: blocks sort tiles, then pairs of ordered runs are merged until one is left. Where few
// elements are wanted of many, runs are cut to those few, and tiles of runs are sorted again instead of merged.
//
// What is sorted is an element's place in the order (a key) together with its index, so that no two are equal and every
// order of comparisons gives the same, stable result. Keys of 32 bits share a 64-bit integer with their index. Values
// are copied from the input at the end, bit by bit. A line is the axis at one place of all others.
#pragma once

#include <cub/block/block_merge_sort.cuh>

#include "reduce/walk.cuh"
#include "sort/elements.cuh"

constexpr int kSortThreads = 256;
constexpr int kSortItems = 8;  // of kSortTile, that a thread has

struct SortParams {
  const void* in;
  const void* from;  // runs of candidates, or null: the elements of in
  void* to;          // where runs go, or null: to values and indices
  void* values;
  i64* indices;
  Indexer<3> lines;  // where each line begins in in, values and indices
  long long inStride;
  long long valueStride;
  long long indexStride;
  unsigned length;  // of a line: its elements or candidates
  unsigned span;    // of them, those that a block sorts; when merging, the length of a run
  unsigned parts;   // blocks a line
  unsigned keep;    // elements wanted of a run, or of a line
  int rows;         // lines that a block sorts at once, if all fit a tile; else 1
  int across;       // 1 where neighbouring lines, not elements, are neighbours in memory
  int type;         // of in
  int descending;
};

// Counts on in steps of kSortThreads, as a quotient and a remainder.
struct Counter {
  unsigned divisor;
  unsigned major;
  unsigned minor;
  unsigned major_on;
  unsigned minor_on;

  __device__ __forceinline__ Counter(unsigned start, unsigned by) {
    divisor = by;
    major = start / by;
    minor = start - major * by;
    major_on = kSortThreads / by;
    minor_on = kSortThreads - major_on * by;
  }
  __device__ __forceinline__ void advance() {
    major += major_on;
    minor += minor_on;
    if (minor >= divisor) {
      minor -= divisor;
      ++major;
    }
  }
};

__device__ __forceinline__ int bytes_of(int type) {
  switch (type) {
    case kTypeF64:
    case kTypeI64:
      return 8;
    case kTypeF32:
    case kTypeI32:
      return 4;
    case kTypeF16:
    case kTypeBF16:
      return 2;
    default:
      return 1;
  }
}

__device__ __forceinline__ u64 load_bits(const void* in, i64 at, int bytes) {
  switch (bytes) {
    case 8:
      return static_cast<const u64*>(in)[at];
    case 4:
      return static_cast<const unsigned*>(in)[at];
    case 2:
      return static_cast<const unsigned short*>(in)[at];
    default:
      return static_cast<const u8*>(in)[at];
  }
}

__device__ __forceinline__ void store_bits(void* out, i64 at, int bytes, u64 bits) {
  switch (bytes) {
    case 8:
      static_cast<u64*>(out)[at] = bits;
      break;
    case 4:
      static_cast<unsigned*>(out)[at] = static_cast<unsigned>(bits);
      break;
    case 2:
      static_cast<unsigned short*>(out)[at] = static_cast<unsigned short>(bits);
      break;
    default:
      static_cast<u8*>(out)[at] = static_cast<u8>(bits);
      break;
  }
}

// Calls use(element, row, place) for each of the block's elements of in that this thread reads: total of them, in
// `lines` lines from `first` on, from `begin` on in each.
template <typename T, typename F>
__device__ __forceinline__ void read_tile(const SortParams& p, unsigned first, unsigned lines, unsigned begin,
                                          unsigned total, F use) {
  const bool descending = p.descending != 0;
  const bool single = p.rows == 1;
  const bool across = !single && p.across != 0;
  Counter counter(threadIdx.x, single ? kSortTile : across ? lines : p.length);
  i64 at[3];
  locate(p.lines, first, at);
#pragma unroll
  for (int j = 0; j < kSortItems; ++j) {
    if (threadIdx.x + j * kSortThreads < total) {
      const unsigned row = across ? counter.minor : counter.major;
      const unsigned place = across ? counter.major : counter.minor;
      if (!single) locate(p.lines, first + row, at);
      const T x = static_cast<const T*>(p.in)[at[0] + (static_cast<i64>(begin) + place) * p.inStride];
      use(j, row, sort_key(x, descending), place);
    }
    counter.advance();
  }
}

template <typename F>
__device__ __forceinline__ void read_tile(Narrow64, const SortParams& p, unsigned first, unsigned lines, unsigned begin,
                                          unsigned total, F use) {
  switch (p.type) {
    case kTypeF32:
      return read_tile<f32>(p, first, lines, begin, total, use);
    case kTypeF16:
      return read_tile<f16>(p, first, lines, begin, total, use);
    case kTypeBF16:
      return read_tile<bf16>(p, first, lines, begin, total, use);
    case kTypeI8:
      return read_tile<i8>(p, first, lines, begin, total, use);
    case kTypeI32:
      return read_tile<i32>(p, first, lines, begin, total, use);
    default:
      return read_tile<u8>(p, first, lines, begin, total, use);
  }
}
template <typename F>
__device__ __forceinline__ void read_tile(Wide128, const SortParams& p, unsigned first, unsigned lines, unsigned begin,
                                          unsigned total, F use) {
  if (p.type == kTypeF64) {
    read_tile<f64>(p, first, lines, begin, total, use);
  } else {
    read_tile<i64>(p, first, lines, begin, total, use);
  }
}

// Writes results: element (row, rank) is the one that index_of says. All values are read before one is written, so that
// a block that holds whole lines can sort them in place.
template <typename F>
__device__ __forceinline__ void write_results(const SortParams& p, unsigned first, unsigned lines, unsigned start,
                                              unsigned ranks, F index_of) {
  const bool across = lines > 1 && p.across != 0;
  const int bytes = bytes_of(p.type);
  const unsigned total = lines * ranks;
  const Counter counted(threadIdx.x, across ? lines : ranks);
  u64 value[kSortItems];
  unsigned index[kSortItems];
  Counter counter = counted;
  i64 at[3];
#pragma unroll
  for (int j = 0; j < kSortItems; ++j) {
    if (threadIdx.x + j * kSortThreads < total) {
      const unsigned row = across ? counter.minor : counter.major;
      index[j] = index_of(row, across ? counter.major : counter.minor);
      locate(p.lines, first + row, at);
      value[j] = load_bits(p.in, at[0] + index[j] * p.inStride, bytes);
    }
    counter.advance();
  }
  __syncthreads();
  counter = counted;
#pragma unroll
  for (int j = 0; j < kSortItems; ++j) {
    if (threadIdx.x + j * kSortThreads < total) {
      const unsigned row = across ? counter.minor : counter.major;
      const i64 rank = static_cast<i64>(start) + (across ? counter.major : counter.minor);
      locate(p.lines, first + row, at);
      store_bits(p.values, at[1] + rank * p.valueStride, bytes, value[j]);
      p.indices[at[2] + rank * p.indexStride] = index[j];
    }
    counter.advance();
  }
}

// Sorts tiles: of several whole lines, or of a part of one, read from in or from runs.
template <typename Form>
__device__ __forceinline__ void sort_tiles(const SortParams& p) {
  using Element = typename Form::Element;
  using Sort = cub::BlockMergeSort<Element, kSortThreads, kSortItems>;
  __shared__ union {
    typename Sort::TempStorage storage;
    Element sorted[kSortTile];
  } shared;

  const unsigned thread = threadIdx.x;
  const bool single = p.rows == 1;
  const unsigned first = single ? blockIdx.x / p.parts : blockIdx.x * p.rows;
  const unsigned part = single ? blockIdx.x - first * p.parts : 0;
  const unsigned lines = single ? 1 : min(static_cast<unsigned>(p.rows), p.lines.count - first);
  const unsigned begin = part * p.span;
  const unsigned total = single ? min(p.span, p.length - begin) : lines * p.length;

  Element items[kSortItems];
#pragma unroll
  for (int j = 0; j < kSortItems; ++j) items[j] = Form::last();
  if (p.from == nullptr) {
    read_tile(Form(), p, first, lines, begin, total,
              [&](int j, unsigned row, typename Form::KeyBits key, unsigned place) {
                items[j] = Form::local(row, key, place);
              });
  } else {
    const Element* from = static_cast<const Element*>(p.from) + static_cast<i64>(first) * p.length + begin;
#pragma unroll
    for (int j = 0; j < kSortItems; ++j) {
      const unsigned q = thread + j * kSortThreads;
      if (q < total) items[j] = from[q];
    }
  }
  Sort(shared.storage).Sort(items, Less<Form>());
  __syncthreads();
#pragma unroll
  for (int j = 0; j < kSortItems; ++j) {
    const unsigned q = thread * kSortItems + j;
    if (p.from == nullptr && single && q < total) items[j] = Form::global(items[j], begin);
    shared.sorted[q] = items[j];
  }
  __syncthreads();

  if (p.to != nullptr) {
    Element* to = static_cast<Element*>(p.to) + static_cast<i64>(blockIdx.x) * p.keep;
    for (unsigned q = thread; q < p.keep; q += kSortThreads) to[q] = shared.sorted[q];
  } else {
    write_results(p, first, lines, 0, p.keep, [&](unsigned row, unsigned rank) {
      const Element& element = shared.sorted[row * p.length + rank];
      return single ? Form::index(element) : Form::place(element);
    });
  }
}

// How many of the first `diagonal` elements of two runs merged come from the first run, found by a warp.
template <typename Form>
__device__ __forceinline__ unsigned split(const typename Form::Element* a, unsigned a_length,
                                          const typename Form::Element* b, unsigned b_length, unsigned diagonal) {
  const unsigned lane = threadIdx.x % 32;
  unsigned low = diagonal > b_length ? diagonal - b_length : 0;
  unsigned high = min(diagonal, a_length);
  // Elements of a that precede their counterpart in b come first; each round asks about 32 of them.
  while (low < high) {
    const unsigned step = (high - low + 31) / 32;
    const unsigned probe = low + lane * step + step - 1;
    const bool precedes = probe < high && Form::less(a[probe], b[diagonal - 1 - probe]);
    const unsigned preceding = __popc(__ballot_sync(0xffffffffu, precedes));
    const unsigned from = low;
    low = from + preceding * step;
    high = min(high, from + (preceding + 1) * step - 1);
  }
  return low;
}

// Merges neighbouring runs of p.span elements; each block makes a tile of the result.
template <typename Form>
__device__ __forceinline__ void merge_runs(const SortParams& p) {
  using Element = typename Form::Element;
  __shared__ Element tile[kSortTile];
  __shared__ unsigned taken[2];

  const unsigned thread = threadIdx.x;
  const unsigned line = blockIdx.x / p.parts;
  const unsigned start = (blockIdx.x - line * p.parts) * kSortTile;
  const unsigned base = start & ~(2 * p.span - 1);
  const unsigned a_length = min(p.span, p.length - base);
  const unsigned b_length = min(p.span, p.length - base - a_length);
  const Element* a = static_cast<const Element*>(p.from) + static_cast<i64>(line) * p.length + base;
  const Element* b = a + a_length;
  const unsigned diagonal = start - base;
  if (thread < 64) {
    const unsigned end = thread / 32;
    const unsigned count = split<Form>(a, a_length, b, b_length, diagonal + end * kSortTile);
    if (thread % 32 == 0) taken[end] = count;
  }
  __syncthreads();
  const unsigned a_first = taken[0];
  const unsigned a_count = taken[1] - a_first;
  const unsigned b_first = diagonal - a_first;
  const unsigned b_count = kSortTile - a_count;
#pragma unroll
  for (int j = 0; j < kSortItems; ++j) {
    const unsigned q = thread + j * kSortThreads;
    tile[q] = q < a_count ? a[a_first + q] : b[b_first + (q - a_count)];
  }
  __syncthreads();

  const unsigned own = thread * kSortItems;
  unsigned low = own > b_count ? own - b_count : 0;
  unsigned high = min(own, a_count);
  while (low < high) {
    const unsigned middle = (low + high) / 2;
    if (Form::less(tile[middle], tile[a_count + own - 1 - middle])) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  unsigned i = low;
  unsigned k = a_count + own - low;
  Element items[kSortItems];
#pragma unroll
  for (int j = 0; j < kSortItems; ++j) {
    const bool from_a = k >= kSortTile || (i < a_count && Form::less(tile[i], tile[k]));
    items[j] = tile[from_a ? i : k];
    i += from_a ? 1 : 0;
    k += from_a ? 0 : 1;
  }
  __syncthreads();
#pragma unroll
  for (int j = 0; j < kSortItems; ++j) tile[own + j] = items[j];
  __syncthreads();

  if (p.to != nullptr) {
    Element* to = static_cast<Element*>(p.to) + static_cast<i64>(line) * p.length + start;
#pragma unroll
    for (int j = 0; j < kSortItems; ++j) to[thread + j * kSortThreads] = tile[thread + j * kSortThreads];
  } else {
    write_results(p, line, 1, start, min(p.keep - start, static_cast<unsigned>(kSortTile)),
                  [&](unsigned, unsigned rank) { return Form::index(tile[rank]); });
  }
}
