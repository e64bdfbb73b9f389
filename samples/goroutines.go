// SPDX-License-Identifier: Apache-2.0

// Two goroutines' functions at 60 and 40 of 100 units, and a proven root: Go keeps frame pointers
// everywhere, up to runtime.goexit.
package main

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

const (
	unitSteps = 20000
	block     = 10
)

var sink uint64

// The unit of work of sample.h. Go's compiler neither unrolls nor overlaps such a chain.
func chain(units int) {
	x := uint64(1)
	for i := 0; i < units*unitSteps; i++ {
		x = x*6364136223846793005 + 1442695040888963407
	}
	sink = x
}

//go:noinline
func sixty() { chain(1) }

//go:noinline
func forty() { chain(1) }

func usage() (cpuNs, switches int64) {
	var self syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &self); err != nil {
		panic(err)
	}
	return self.Utime.Nano() + self.Stime.Nano(), self.Nvcsw + self.Nivcsw
}

func random(state *uint32) uint32 {
	*state ^= *state << 13
	*state ^= *state >> 17
	*state ^= *state << 5
	return *state
}

//go:noinline
func takeTurns(seconds float64, done chan<- bool) {
	turns := [block]bool{true, true, true, true, true, true}
	state := uint32(2463534242)
	for {
		if cpuNs, _ := usage(); float64(cpuNs) >= seconds*1e9 {
			break
		}
		for i := block - 1; i > 0; i-- {
			other := random(&state) % uint32(i+1)
			turns[i], turns[other] = turns[other], turns[i]
		}
		for _, turn := range turns {
			if turn {
				sixty()
			} else {
				forty()
			}
		}
	}
	done <- true
}

func main() {
	seconds, report := 2.0, false
	for _, argument := range os.Args[1:] {
		switch argument {
		case "--report":
			report = true
		case "--hold":
			fmt.Println("ready")
			bufio.NewReader(os.Stdin).ReadString('\n')
		default:
			value, err := strconv.ParseFloat(argument, 64)
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(2)
			}
			seconds = value
		}
	}

	done := make(chan bool)
	go takeTurns(seconds, done)
	<-done
	if report {
		cpuNs, switches := usage()
		fmt.Printf("{\"cpu_ns\": %d, \"switches\": %d}\n", cpuNs, switches)
	}
}
