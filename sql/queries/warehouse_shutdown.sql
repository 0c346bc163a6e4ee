-- name: shutdown
-- title: Ask the embedded engine to end
SYSTEM SHUTDOWN
