// Package structured prints values for programs, as JSON or as YAML, with the same
// fields in both.
package structured

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"sigs.k8s.io/yaml"
)

// The formats, as -o has them.
const (
	JSON = "json"
	YAML = "yaml"
)

// Is says whether this package has a format.
func Is(format string) bool { return format == JSON || format == YAML }

// Print writes a value, with the names and the order of fields that its JSON has; YAML
// has them by their names.
func Print(w io.Writer, format string, value any) error {
	text, err := encode(format, value)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

func encode(format string, value any) ([]byte, error) {
	switch format {
	case JSON:
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false) // it is read by no browser, and has "->" in it
		encoder.SetIndent("", "  ")
		err := encoder.Encode(value)
		return text.Bytes(), err
	case YAML:
		return yaml.Marshal(value)
	}
	return nil, fmt.Errorf("found the format %q; must be %s or %s", format, JSON, YAML)
}
