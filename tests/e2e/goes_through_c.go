// SPDX-License-Identifier: Apache-2.0

// Go that calls C, which calls Go again, for the tests of unwinding. The first callback of a goroutine needs a
// larger stack than it has, so that its frames are moved while C's frames still know where they were.
package main

/*
#include <stdint.h>

extern void goesOn(long);
static volatile uint64_t sink;

static __attribute__((noinline)) void c_burn(long steps)
{
	uint64_t x = 1;

	for (long i = 0; i < steps; i++)
		x = x * 6364136223846793005u + 1;
	sink = x;
}

static __attribute__((noinline)) int c_work(long steps)
{
	c_burn(steps);
	return 1 + (int)sink;
}

static __attribute__((noinline)) int c_calls_back(long steps)
{
	goesOn(steps);
	return 1 + (int)sink;
}
*/
import "C"

import (
	"os"
	"strconv"
	"time"
)

const steps = 2000000

var sink uint64

//go:noinline
func goBurn(steps int) {
	x := uint64(1)
	for i := 0; i < steps; i++ {
		x = x*6364136223846793005 + 1
	}
	sink = x
}

//go:noinline
func needsStack(depth int) int {
	var room [64]int

	room[depth%64] = depth
	if depth == 0 {
		return 0
	}
	return needsStack(depth-1) + room[(depth*7)%64]
}

//export goesOn
func goesOn(steps C.long) {
	needsStack(100)
	goBurn(int(steps))
}

// A goroutine each, for a new stack.
func takeTurn(done chan<- bool) {
	C.c_work(steps)
	C.c_calls_back(steps)
	done <- true
}

func main() {
	seconds, err := strconv.ParseFloat(os.Args[1], 64)
	if err != nil {
		panic(err)
	}
	done := make(chan bool)
	for end := time.Now().Add(time.Duration(seconds * 1e9)); time.Now().Before(end); {
		go takeTurn(done)
		<-done
	}
}
