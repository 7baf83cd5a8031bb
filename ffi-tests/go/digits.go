// Trains a classifier of handwritten digits by cgo. Workers are threads that call a Go function,
// which prepares batches of shifted, noisy images; the host learns from them.
package main

/*
#cgo pkg-config: jobexec
#include <jobexec.h>

int32_t augment(void *user, void *payload, jobexec_job *job);
*/
import "C"

import (
	"encoding/csv"
	"fmt"
	"log"
	"math"
	"math/rand"
	"os"
	"strconv"
	"time"
	"unsafe"
)

const (
	pixels, classes, batch, batches, epochs = 64, 10, 32, 45, 20
	second                                  = C.uint64_t(time.Second)
)

type digit [pixels + 1]float32 // Grey values from 0 to 16, and the label.
type buffer [batch]digit

var training, heldOut []digit // Every fifth is held out.

func read(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines, err := csv.NewReader(file).ReadAll()
	for number, line := range lines {
		var d digit
		for i, field := range line {
			value, err := strconv.Atoi(field)
			if err != nil {
				return err
			}
			d[i] = float32(value)
		}
		if number%5 == 0 {
			heldOut = append(heldOut, d)
		} else {
			training = append(training, d)
		}
	}
	return err
}

// On a worker: the job's seed decides which digits go into a batch, how shifted, how noisy. A panic
// must not leave it: C has called it.
//
//export augment
func augment(user, payload unsafe.Pointer, job *C.jobexec_job) C.int32_t {
	chance := rand.New(rand.NewSource(int64(C.jobexec_job_seed(job))))
	to := (*buffer)(C.jobexec_job_output(job))
	for row := range to {
		from := &training[chance.Intn(len(training))]
		shift := [9]int{-1, 1}[chance.Intn(9)]
		to[row][pixels] = from[pixels]
		for i := 0; i < pixels; i++ {
			to[row][i] = chance.Float32()
			if x := i%8 + shift; x >= 0 && x < 8 {
				to[row][i] += from[i+shift]
			}
		}
	}
	return C.jobexec_job_set_output(job, C.uint64_t(unsafe.Sizeof(*to)))
}

var weights [classes][pixels]float64

// Moves the weights towards a digit's label. Whether that was the likeliest before.
func learn(d *digit, rate float64) bool {
	var chances [classes]float64
	sum, best, label := 0.0, 0, int(d[pixels])
	for c := range chances {
		power := 0.0
		for i, weight := range weights[c] {
			power += weight * float64(d[i])
		}
		chances[c] = math.Exp(power)
		sum += chances[c]
		if chances[c] > chances[best] {
			best = c
		}
	}
	for c := range weights {
		step := -rate * chances[c] / sum
		if c == label {
			step += rate
		}
		for i := range weights[c] {
			weights[c][i] += step * float64(d[i])
		}
	}
	return best == label
}

func check(status C.jobexec_status) {
	if status != C.JOBEXEC_OK {
		text := C.GoString(C.jobexec_status_text(status))
		log.Fatalf("%s: %s", text, C.GoString(C.jobexec_last_error()))
	}
}

func main() {
	path := "ffi-tests/data/optdigits.csv"
	if len(os.Args) > 1 {
		path = os.Args[1]
	}
	if err := read(path); err != nil {
		log.Fatal(err)
	}

	config := C.jobexec_config{size: C.sizeof_jobexec_config}
	check(C.jobexec_config_init(&config))
	config.transform = C.jobexec_transform(C.augment)
	config.output_bytes = C.uint64_t(unsafe.Sizeof(buffer{}))
	var exec *C.jobexec_executor
	check(C.jobexec_start(&config, 10*second, &exec))

	var next unsafe.Pointer // A buffer to put.
	result := C.jobexec_result{size: C.sizeof_jobexec_result}
	for trained := 0; trained < epochs*batches; {
		acquired := next != nil || C.jobexec_buffer_acquire(exec, &next) == C.JOBEXEC_OK
		if acquired && C.jobexec_put(exec, next, nil) == C.JOBEXEC_OK {
			next = nil
			continue
		}
		check(C.jobexec_poll_wait(exec, 10*second, &result))
		if result.outcome != C.JOBEXEC_OUTCOME_DONE {
			log.Fatal(C.GoString(&result.message[0]))
		}
		for row := range (*buffer)(result.output) {
			learn(&(*buffer)(result.output)[row], 0.0002)
		}
		check(C.jobexec_buffer_release(exec, result.payload))
		if trained++; trained%batches == 0 {
			check(C.jobexec_reset(exec, nil))
		}
	}
	check(C.jobexec_close(exec, second))
	check(C.jobexec_free(exec))

	right := 0
	for i := range heldOut {
		if learn(&heldOut[i], 0) {
			right++
		}
	}
	accuracy := 100 * float64(right) / float64(len(heldOut))
	fmt.Printf("accuracy on %d held-out digits: %.1f %%\n", len(heldOut), accuracy)
	if accuracy < 90 {
		os.Exit(1)
	}
}
