// Small kernels that show what the runtime does: order between streams, arguments, shared memory.

constexpr int kThreads = 256;
constexpr int kAnswer = 42;

struct AddParams {
  int* data;
  int count;
  int value;
  int delay;  // clock ticks that every thread waits before it reads
};

// Waits first, so that work which did not wait for it would be seen to run too early.
extern "C" __global__ void __launch_bounds__(kThreads) probe_add(const __grid_constant__ AddParams p) {
  const long long start = clock64();
  while (clock64() - start < p.delay) {
  }
  const int i = blockIdx.x * kThreads + threadIdx.x;
  if (i < p.count) p.data[i] += p.value;
}

struct CombineParams {
  int* out;
  const int* in;
  int count;
  int factor;
};

// out = out * factor + in: the order of such operations decides the result.
extern "C" __global__ void __launch_bounds__(kThreads) probe_combine(const __grid_constant__ CombineParams p) {
  const int i = blockIdx.x * kThreads + threadIdx.x;
  if (i < p.count) p.out[i] = p.out[i] * p.factor + p.in[i];
}

struct FieldsParams {
  signed char* unused;
  int a;
  double b;
  float c;
  long long d;
  float e;
  double* out;
};

// Writes its arguments back.
extern "C" __global__ void __launch_bounds__(32) probe_fields(const __grid_constant__ FieldsParams p) {
  if (threadIdx.x == 0) {
    p.out[0] = p.a;
    p.out[1] = p.b;
    p.out[2] = p.c;
    p.out[3] = static_cast<double>(p.d);
    p.out[4] = p.e;
    p.out[5] = p.unused == nullptr ? 1.0 : 0.0;
  }
}

struct SharedParams {
  int* out;
  int words;
};

// Sums the words of its dynamic shared memory, which it fills with 0, 1, 2 ...
extern "C" __global__ void __launch_bounds__(kThreads) probe_shared(const __grid_constant__ SharedParams p) {
  extern __shared__ int words[];
  __shared__ int sums[kThreads];
  for (int i = threadIdx.x; i < p.words; i += kThreads) words[i] = i;
  __syncthreads();
  int sum = 0;
  for (int i = threadIdx.x; i < p.words; i += kThreads) sum += words[p.words - 1 - i];
  sums[threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.x == 0) {
    int total = 0;
    for (int i = 0; i < kThreads; ++i) total += sums[i];
    p.out[blockIdx.x] = total;
  }
}

struct PlacesParams {
  int* out;
  int gridX;
  int gridY;
};

// Counts the blocks of a grid, each in a place of its own.
extern "C" __global__ void __launch_bounds__(32) probe_places(const __grid_constant__ PlacesParams p) {
  if (threadIdx.x == 0) {
    p.out[(static_cast<long long>(blockIdx.z) * p.gridY + blockIdx.y) * p.gridX + blockIdx.x] =
        static_cast<int>(blockIdx.x + 10 * blockIdx.y + 100 * blockIdx.z);
  }
}

// Two parameters, which the runtime does not launch.
extern "C" __global__ void __launch_bounds__(32) probe_two(int* out, int value) {
  if (threadIdx.x == 0) out[0] = value;
}

struct FaultParams {
  int* nowhere;
};

// Writes where it must not.
extern "C" __global__ void __launch_bounds__(32) probe_fault(const __grid_constant__ FaultParams p) {
  p.nowhere[threadIdx.x] = kAnswer;
}
