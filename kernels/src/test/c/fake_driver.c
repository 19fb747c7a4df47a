// A CUDA driver without a device. It does nothing and says that all went well, but for one call that a test makes fail.

#include <stdint.h>
#include <string.h>

enum { SUCCESS = 0, OUT_OF_MEMORY = 2 };

static char failing[64];
static int failure;
static int curable;
static int trims;

// Lets a call fail from now on; if it is curable, until memory is trimmed.
int fake_fail(const char* call, int code, int until_trim) {
  strncpy(failing, call, sizeof failing - 1);
  failure = code;
  curable = until_trim;
  return SUCCESS;
}

// How often memory was trimmed.
int fake_trims(void) { return trims; }

static int result(const char* call) { return strcmp(call, failing) == 0 ? failure : SUCCESS; }

// A handle or an address, each another one.
static int make(const char* call, uintptr_t* out) {
  static uintptr_t last = 0x10000000;
  *out = last += 0x10000000;
  return result(call);
}

#define DOES_NOTHING(call) \
  int call(void) { return result(#call); }
#define MAKES_ONE(call) \
  int call(uintptr_t* out) { return make(#call, out); }

DOES_NOTHING(cuInit)
MAKES_ONE(cuDevicePrimaryCtxRetain)
DOES_NOTHING(cuCtxSetCurrent)

MAKES_ONE(cuStreamCreate)
DOES_NOTHING(cuStreamDestroy_v2)
DOES_NOTHING(cuStreamSynchronize)
DOES_NOTHING(cuStreamWaitEvent)
MAKES_ONE(cuEventCreate)
DOES_NOTHING(cuEventRecord)

MAKES_ONE(cuMemPoolCreate)
DOES_NOTHING(cuMemPoolSetAttribute)
DOES_NOTHING(cuMemPoolSetAccess)
MAKES_ONE(cuMemAllocFromPoolAsync)
DOES_NOTHING(cuMemFreeAsync)

MAKES_ONE(cuModuleLoadDataEx)
MAKES_ONE(cuModuleGetFunction)
DOES_NOTHING(cuFuncSetAttribute)
DOES_NOTHING(cuLaunchKernel)
DOES_NOTHING(cuOccupancyMaxActiveClusters)
DOES_NOTHING(cuTensorMapEncodeTiled)

DOES_NOTHING(cuStreamBeginCapture_v2)
MAKES_ONE(cuGraphInstantiateWithFlags)
DOES_NOTHING(cuGraphLaunch)
DOES_NOTHING(cuGraphDestroy)
DOES_NOTHING(cuGraphExecDestroy)

int cuFuncGetAttribute(int* value) {
  *value = 0;
  return result("cuFuncGetAttribute");
}

int cuStreamEndCapture(void* stream, uintptr_t* graph) {
  (void)stream;
  return make("cuStreamEndCapture", graph);
}

int cuMemPoolGetAttribute(void* pool, int attribute, uint64_t* value) {
  (void)pool, (void)attribute;
  *value = 0;
  return result("cuMemPoolGetAttribute");
}

int cuMemGetInfo_v2(size_t* free, size_t* total) {
  *free = *total = (size_t)1 << 30;
  return result("cuMemGetInfo_v2");
}

int cuMemPoolTrimTo(void) {
  ++trims;
  if (curable) failing[0] = 0;
  return result("cuMemPoolTrimTo");
}

int cuGetErrorName(int code, const char** name) {
  *name = code == OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : "CUDA_ERROR_OTHER";
  return SUCCESS;
}

int cuGetErrorString(int code, const char** text) {
  (void)code;
  *text = "says the fake driver";
  return SUCCESS;
}
