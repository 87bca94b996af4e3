package manifest

import (
	"bytes"
	"fmt"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"github.com/istio-tenancy/istio-tenancy/plugin/internal/object"
)

// Write returns objects as a YAML stream, in order, with a "---" between them. Each
// object is read back: comments and the style of a text may be lost, and an object
// that still differs is an error.
func Write(objects []*yaml.RNode) ([]byte, error) {
	var stream bytes.Buffer
	for i, o := range objects {
		if i > 0 {
			stream.WriteString("---\n")
		}
		text, err := encode(o.YNode())
		if err != nil || !says(text, o.YNode()) {
			if text, err = encode(bare(o.YNode())); err != nil {
				return nil, fmt.Errorf("%s: %w", object.IDOf(o), err)
			}
			if !says(text, o.YNode()) {
				return nil, fmt.Errorf("%s: cannot be written as YAML without loss", object.IDOf(o))
			}
		}
		stream.Write(text)
	}
	return stream.Bytes(), nil
}

func encode(n *yaml.Node) ([]byte, error) {
	var text bytes.Buffer
	encoder := yaml.NewEncoder(&text)
	if err := encoder.Encode(n); err != nil {
		return nil, err
	}
	err := encoder.Close()
	return text.Bytes(), err
}

// says whether text reads as the one object n.
func says(text []byte, n *yaml.Node) bool {
	read, repairs, err := Read(bytes.NewReader(text), "")
	return err == nil && len(repairs) == 0 && len(read) == 1 && equal(read[0].YNode(), n)
}

// bare copies n without comments, in the style that can hold every text.
func bare(n *yaml.Node) *yaml.Node {
	c := yaml.Node{Kind: n.Kind, Tag: n.Tag, Value: n.Value}
	if n.Tag == yaml.NodeTagString {
		c.Style = yaml.DoubleQuotedStyle
	}
	for _, child := range n.Content {
		c.Content = append(c.Content, bare(child))
	}
	return &c
}
