package delivery

// ReadBounceForTest reads one file that may be a notification.
func ReadBounceForTest(path string) (id, words string, ok bool) {
	b, ok := readBounce(path)
	return b.id, b.words, ok
}
