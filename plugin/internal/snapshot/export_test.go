package snapshot

import "slices"

// Words are the words of an object that may name a namespace, each with its place.
func (r *Reading) Words(o *Object) map[string]Place {
	words := map[string]Place{}
	for word, number := range r.words {
		if i := slices.IndexFunc(o.words, func(entry uint32) bool { return entry>>placeBits == number }); i >= 0 {
			words[word] = Place(o.words[i] & (1<<placeBits - 1))
		}
	}
	return words
}
