package licencestest_test

import (
	"testing"

	"yinzheng/archive"
	"yinzheng/internal/audit"
	"yinzheng/internal/blob/blobtest"
	"yinzheng/internal/store/storetest"
	"yinzheng/licences/licencestest"
)

func TestStoreKeepsTheContract(t *testing.T) {
	storetest.Licences(t, func(*testing.T) storetest.LicenceBook { return licencestest.NewStore() })
	storetest.Presentations(t, func(*testing.T) storetest.PresentationBook { return licencestest.NewStore() })
}

func TestAuditKeepsTheContract(t *testing.T) {
	storetest.Audit(t, func(*testing.T) audit.Log { return &licencestest.Audit{} })
}

func TestContentKeepsTheContract(t *testing.T) {
	storetest.Archive(t, func(*testing.T) archive.Index { return licencestest.NewContent() })
	blobtest.Run(t, func(*testing.T) archive.Blobs { return licencestest.NewContent() })
}
