// The parameters of a step.
#pragma once

#include "gpt2/grid.cuh"
#include "gpt2/model.cuh"

constexpr int kMostLayers = 96;

constexpr int kTurns = 3;      // of the words that blocks hand each other, see words.cuh
constexpr int kKeptTurns = 2;  // of the residual that is handed on at the end

// Where blocks that take a step of one column put what they hand on (see single.cuh), in words from the beginning of a
// turn.
struct Places {
  int qkv;     // (3, width): query, key and value, as numbers
  int merge;   // (slice, hidden)
  int inner;   // (inner), in the weights' type
  int down;    // (slice, hidden)
  int chunks;  // (head, chunk, head_width + 4): outputs, largest score, sum of weights
  int turn;    // the words of a turn
};

struct Step {
  Shape shape;
  Weights weights;
  Sequences sequences;
  float* x;                  // (column, hidden)
  float* partials;           // (slice, column, hidden)
  float* query;              // (column, heads * head_width)
  void* normalized;          // (column, hidden_tiles)
  void* attended;            // (column, attention_tiles)
  void* inner;               // (column, inner_tiles)
  float* chunks;             // see Attending
  unsigned* chunk_counts;
  float* logits;             // (column, logits_pitch)
  unsigned long long* best;  // (warp of the grid, column)
  GridBarrier* barrier;
  volatile unsigned long long* tokens;  // see append_token; null if a step of one column leaves the choice to others
  unsigned* words;           // of a step of one column: of all turns, and after them of the residual
  long long logits_pitch;
  int columns;
  int most_chunks;
  int merge_slices;
  int down_slices;
  int wants_logits;    // otherwise only keys and values are wanted
  int activations_at;  // byte of the dynamic shared memory
  int vectors_at;      // of a step of one column: of the residual and a norm's parameters
  Places places;
  int first_turn;      // of a step of one column: that of the first layer
  int kept_turn;
  unsigned step;       // the number that the host knows it by
  int slots[kMostColumns];
  int positions[kMostColumns];  // -1 for the newest token
};
