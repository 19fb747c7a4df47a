// What every product kernel is told, and which part of the product a block computes.
#pragma once

#include "common/index.cuh"
#include "common/types.cuh"

// Where finished sums go: out = activation(sum + bias) + residual.
struct Finish {
  void* out;
  const float* bias;      // one a column, or null
  const float* residual;  // like the result, columns beside each other, or null
  long long out_row;      // elements from one row to the next
  long long out_column;
  long long residual_row;
  int out_type;
  int activation;
  int vector;  // whether four columns can be read and written at once, everywhere
  int unused;
};

// out (rows, columns) = a (rows, depth) * b (depth, columns), for a batch of them. Blocks count tiles first, then parts
// of the depth, then the batch. Where the depth is split, `out` is a workspace of partial sums.
struct Problem {
  const void* a;
  const void* b;
  Finish finish;
  long long rows;
  long long columns;
  long long depth;
  long long a_row;
  long long a_depth;
  long long b_depth;
  long long b_column;
  long long split_stride;  // elements of out from one part's sums to the next part's
  int split_depth;         // the depth of a part
  int splits;
  int row_tiles;
  int column_tiles;
  int group;     // rows of tiles that are walked together, so that they find each other's operands in the L2 cache
  int stages;    // tiles of operands in shared memory
  int a_vector;  // whether a's neighbours can be read 16 bytes at once
  int b_vector;
  Indexer<3> batch;  // where the batch's members begin in out, a and b
};

// A block's part of the problem. What is left of each axis may exceed the tile.
struct Place {
  long long row;
  long long column;
  long long depth;
  long long out;  // elements of out that lie before the batch's member and the depth's part
  long long a;
  long long b;
  int rows_left;
  int columns_left;
  int depth_left;
};

__device__ __forceinline__ int at_most(long long n, int most) { return static_cast<int>(n < most ? n : most); }

__device__ __forceinline__ Place find_place(const Problem& p, int tile_rows, int tile_columns) {
  const unsigned tiles = static_cast<unsigned>(p.row_tiles) * p.column_tiles;
  const unsigned part = blockIdx.x / tiles;
  const unsigned tile = blockIdx.x - part * tiles;
  const unsigned member = part / p.splits;
  const unsigned split = part - member * p.splits;

  const unsigned group_tiles = static_cast<unsigned>(p.group) * p.column_tiles;
  const unsigned group = tile / group_tiles;
  const unsigned in_group = tile - group * group_tiles;
  const unsigned first = group * p.group;
  const unsigned left = p.row_tiles - first;
  const unsigned height = left < static_cast<unsigned>(p.group) ? left : p.group;
  const unsigned column_tile = in_group / height;
  const unsigned row_tile = first + (in_group - column_tile * height);

  long long at[3];
  p.batch.offsets(member, at);
  Place place;
  place.row = static_cast<long long>(row_tile) * tile_rows;
  place.column = static_cast<long long>(column_tile) * tile_columns;
  place.depth = static_cast<long long>(split) * p.split_depth;
  place.out = at[0] + split * p.split_stride;
  place.a = at[1];
  place.b = at[2];
  place.rows_left = at_most(p.rows - place.row, tile_rows);
  place.columns_left = at_most(p.columns - place.column, tile_columns);
  place.depth_left = at_most(p.depth - place.depth, p.split_depth);
  return place;
}

extern __shared__ __align__(128) unsigned char dynamic_shared[];
