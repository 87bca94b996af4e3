package istio

// Marks identify the version of Istio in a base, in addition to the version that its
// control plane states. Sources: the charts of 1.6 to 1.31, and istioctl's manifests.
type Marks struct {
	// Labels of a base's objects.
	Labels []LabelMark
	// ValuesTag is where the image's tag is in the charts' values, which
	// [RevisionTexts] hold.
	ValuesTag []string
	// Objects are those that only some versions have.
	Objects []ObjectMark
	// Unreleased is the version in charts that come from Git, not from a release.
	Unreleased string
}

// LabelMark is a label that is there in the versions of Range, and whose value is
// a version after Prefix.
type LabelMark struct {
	Range
	Name, Prefix string
	// Bare says that its value contains no version.
	Bare bool
	// Everywhere says that it is read on every object of a base, and not only on the
	// control plane's Deployment and its Pods.
	Everywhere bool
}

// ObjectMark is a kind with the beginning of a name.
type ObjectMark struct {
	Range
	Kind, Prefix string
}

// VersionMarks are those of the control plane.
var VersionMarks = Marks{
	Labels: []LabelMark{
		{Name: "app.kubernetes.io/version"},
		{Name: "helm.sh/chart", Prefix: "istiod-", Range: Range{Since: "1.24"}, Everywhere: true},
		{Name: RevisionLabel, Range: Range{Since: RevisionsSince}, Bare: true},
	},
	ValuesTag: []string{"global", "tag"},
	Objects: []ObjectMark{
		{Kind: "ValidatingAdmissionPolicy", Prefix: StablePolicy, Range: Range{Since: "1.26"}},
	},
	Unreleased: "1.0.0",
}
