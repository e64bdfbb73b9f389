/* SPDX-License-Identifier: Apache-2.0 */
/* Names of C++ that only a demangler can read: templates, overloads, an operator, a lambda. */
#include "sample.h"

namespace shapes
{

template <typename T> struct Box {
	T value;
};

template <typename A, typename B> struct Pair {
	A first;
	B second;
	SAMPLE_FRAME void work(unsigned units);
};

template <typename A, typename B> void Pair<A, B>::work(unsigned units)
{
	sample_work(units);
}

template <int N> SAMPLE_FRAME void spin()
{
	sample_work(N);
}

SAMPLE_FRAME void overloaded(int units)
{
	sample_work(static_cast<unsigned>(units));
}

SAMPLE_FRAME void overloaded(const char *)
{
	sample_work(1);
}

struct Functor {
	template <typename T> SAMPLE_FRAME void operator()(T units) const
	{
		sample_work(static_cast<unsigned>(units));
	}
};

} // namespace shapes

static SAMPLE_FRAME void take_turn(unsigned turn)
{
	static shapes::Pair<int, shapes::Box<double>> pair;

	switch (turn) {
	case 0:
		return pair.work(1);
	case 1:
		return shapes::spin<1>();
	case 2:
		return shapes::overloaded(1);
	case 3:
		return shapes::overloaded("one");
	default:
		return shapes::Functor()(1L);
	}
}

int main(int, char **arguments)
{
	unsigned char turns[SAMPLE_BLOCK] = { 0, 1, 2, 3, 4, 0, 1, 2, 3, 4 };
	struct sample_options options = sample_start(arguments);
	uint32_t random = 2463534242u;

	while (!sample_is_over(CLOCK_PROCESS_CPUTIME_ID, options.seconds)) {
		sample_shuffle(turns, SAMPLE_BLOCK, &random);
		for (unsigned char turn : turns)
			take_turn(turn);
	}
	sample_end(options);
	return 0;
}
