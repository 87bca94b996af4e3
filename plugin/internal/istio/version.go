package istio

// Oldest and Newest are the minor versions of Istio between which everything
// that a control plane needs is known.
const Oldest, Newest = "0.7", "1.31"
