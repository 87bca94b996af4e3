// Package jsontext reads and replaces strings in JSON that is kept as text, and
// leaves the rest of the text as it is.
package jsontext

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// Replace replaces the value at a path of keys by a string. Where there is none,
// it returns the text as it is, and found is false.
func Replace(text, value string, path ...string) (replaced string, found bool, err error) {
	start, end, err := find(text, path)
	if err != nil || end == 0 {
		return text, false, err
	}
	quoted, err := json.Marshal(value)
	if err != nil {
		return text, false, err
	}
	return text[:start] + string(quoted) + text[end:], true, nil
}

// String is the string at a path of keys; "" where there is none.
func String(text string, path ...string) (string, error) {
	value, err := value(text, path)
	s, _ := value.(string)
	return s, err
}

// IsTrue says whether the value at a path of keys is true.
func IsTrue(text string, path ...string) (bool, error) {
	value, err := value(text, path)
	return value == true, err
}

// value is what stands at a path of keys; nil where there is none.
func value(text string, path []string) (value any, err error) {
	start, end, err := find(text, path)
	if err != nil || end == 0 {
		return nil, err
	}
	err = json.Unmarshal([]byte(text[start:end]), &value)
	return value, err
}

// find is where the value at a path of keys stands; 0, 0 where there is none.
func find(text string, path []string) (start, end int, err error) {
	end = len(text)
	for i, key := range path {
		if i > 0 && !strings.HasPrefix(text[start:end], "{") {
			return 0, 0, nil // it is there, and no object
		}
		from, to, err := locate(text[start:end], key)
		if err != nil {
			return 0, 0, fmt.Errorf("want a JSON object: %w", err)
		}
		if to == 0 {
			return 0, 0, nil
		}
		start, end = start+from, start+to
	}
	return start, end, nil
}

// locate is where the value of a key stands in an object in JSON; 0, 0 where the
// object has no such key.
func locate(text, key string) (start, end int, err error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	if opening, err := decoder.Token(); err != nil {
		return 0, 0, err
	} else if opening != json.Delim('{') {
		return 0, 0, fmt.Errorf("found %v", opening)
	}
	for decoder.More() {
		field, err := decoder.Token()
		if err != nil {
			return 0, 0, err
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return 0, 0, err
		}
		if field == key {
			end = int(decoder.InputOffset())
			start = end - len(value)
		}
	}
	if _, err := decoder.Token(); err != nil && err != io.EOF {
		return 0, 0, err
	}
	return start, end, nil
}
