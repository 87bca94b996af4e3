// Package printable shows texts that others wrote in a terminal, so that what is read is
// what is there:
//
//	Text("ns-1")            ->  ns-1
//	Text("a\x1b[2Kb\nc")    ->  a\x1b[2Kb\nc
//
// A name with a control character could otherwise rewrite or forge the lines around it,
// and one with a character that changes the direction of text the order of what is read.
package printable
