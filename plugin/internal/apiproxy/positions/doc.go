// Package positions remembers how far each namespace had told when a client of
// several was handed a version, so that the client can go on from there.
//
// A client of a watch that was merged from several knows one version, that of
// the last event it was handed. The namespaces' events come in no common order:
// at version 20 of ns-2 it may lack version 17 of ns-1. To go on at 20 in both
// would lose 17. So each version that is handed out is stored with a position
// per namespace:
//
//	in:  ns-1 has told all up to 15, ns-2 all up to 20; the client is handed 20
//	out: Find(20) = [15 20]
//
// # What holds
//
// Of every version above a line's floor that any client was handed, either
// Find returns positions from which everything that this client lacks is told
// again, or Find does not know the version, and the client lists anew. To be
// told something twice is harmless: the last event of each object is right.
//
//   - Two clients can be handed one version at different positions: the lower
//     of each namespace is stored. What a bookmark says to be silent in between
//     counts for both, or each would hold the other back for ever.
//   - A namespace can have been absent for the one, and not for the other, whose
//     objects of it may be gone by now: such a version is not known.
//   - A line keeps its newest versions. The floor is the newest that it has
//     forgotten: at or below it nothing is ever stored, since another client's
//     higher positions must not stand for those that were forgotten.
//   - What a former process handed out, this one cannot know. If there may have
//     been one, a line's floor is at first a version that the API server had
//     after the former process ended.
//   - A list is complete, but its version may be an event's, too, that a former
//     process handed to a client which lacked something. So not even a list is
//     stored at or below the floor. Where its version is not above, as on a cluster on
//     which nothing has been written since the floor was read, the client is told the
//     version just above the floor instead. That is stored with the positions of
//     the list, so that the watch that follows tells the rest.
//   - Such a version may be newer than any that the API server has. So the floor
//     of a process is higher by one for each process before it: nothing that
//     those handed out is above. For the same reason, a line is not dropped for
//     want of room as long as it has such a version.
//
// No case is left in which an event is lost; what is left is that a client lists
// anew although it need not have: one that is so far behind others of its line
// that its versions are below the floor.
package positions
