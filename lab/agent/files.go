package agent

import (
	"os"
	"path/filepath"
)

// Files writes files into a directory of the host, for those who start later.
type Files struct {
	Dir  string            `json:"dir"`
	Data map[string][]byte `json:"data"` // by name
}

func (f *Files) write() error {
	for name, data := range f.Data {
		if err := os.WriteFile(filepath.Join(f.Dir, name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
