// Package positions remembers the position in each namespace that belongs to a
// version which a client got, so that the client can continue from there.
//
// A client of a watch that was merged from several namespaces knows one version,
// that of its last event. The events of the namespaces have no common order:
// at version 20 of ns-2, the client may not have got version 17 of ns-1 yet. To
// continue at 20 in both would lose 17. So each version that a client gets is
// stored with a position per namespace:
//
//	in:  all events of ns-1 up to 15 were sent, and all of ns-2 up to 20; the client gets 20
//	out: Find(20) = [15 20]
//
// # What always holds
//
// For every version above a line's floor that any client got, either Find
// returns positions from which the client gets every event that it lacks, or
// Find does not know the version, and the client lists again. To get an event
// twice does no harm: the last event of each object is right.
//
//   - Two clients can get one version at different positions: the lower position
//     of each namespace is stored. If a bookmark says that there were no events in
//     between, this holds for both, or each client would hold back the other for ever.
//   - A namespace can have been absent for one client, and present for the other, whose
//     objects of it may be gone by now: such a version is not known.
//   - A line keeps its newest versions. The floor is the newest version that it has
//     forgotten. Nothing is ever stored at or below the floor, because the
//     higher positions of another client must not replace the forgotten ones.
//   - A process cannot know which versions an earlier process sent. If there may have
//     been one, a line's floor is at first a version that the API server had
//     after the earlier process ended.
//   - A list is complete, but its version may also be the version of an event that an
//     earlier process sent to a client which lacked other events. So even a list is
//     not stored at or below the floor. If its version is not above the floor, as in a
//     cluster in which nothing was written since the floor was read, the client gets
//     the version just above the floor instead. This version is stored with the positions
//     of the list, so that the watch that follows sends the rest.
//   - Such a version may be newer than any that the API server has. So the floor
//     of a process is higher by one for each process before it: all versions that those
//     processes sent are at or below it. For the same reason, a line is not removed for
//     lack of space as long as it has such a version.
//
// No event is lost in any case. A client may list again although it would not
// need to: one that is so far behind other clients of its line that its versions
// are below the floor.
package positions
