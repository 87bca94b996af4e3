package node_test

import "github.com/istio-tenancy/istio-tenancy/e2e/tally"

// lane is a row of tests, of which one runs after another: they need the same istiods.
// Lanes run side by side, after all tests that are in none; most of their time is spent
// with waiting for Pods.
type lane struct{ last chan struct{} }

var lanes struct {
	dev    lane // tests that need dev's istiod to stay where it is, and that then make another
	hung   lane // those that stop it
	meshes lane // those of sales and fin, and of the meshes between their Pods

	injected lane // those that need every istiod for a while
}

// turn has a claim's test run as the next of a lane, and after what is in other lanes by now.
func turn(c *tally.Claim, in *lane, after ...*lane) {
	ended := make(chan struct{})
	c.Cleanup(func() { close(ended) })
	var before []<-chan struct{}
	for _, l := range append(after, in) {
		before = append(before, l.empty())
	}
	in.last = ended
	c.Parallel(before...)
}

// empty is closed when all tests have ended that are in the lane by now.
func (l *lane) empty() <-chan struct{} {
	if l.last == nil {
		l.last = make(chan struct{})
		close(l.last)
	}
	return l.last
}
