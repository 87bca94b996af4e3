package node_test

// nextTag is that of the image of istiod to which sales is upgraded.
const nextTag = "1.31.0-e2e"
