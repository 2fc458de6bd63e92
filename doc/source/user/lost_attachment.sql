-- 1. In Cinder's database: the attachment. It was deleted with the old copy,
--    although it is the one by which the server has its disk.
SELECT a.id, a.volume_id, a.mountpoint, a.deleted_at
FROM volume_attachment AS a JOIN volumes AS c ON c.id = a.volume_id
WHERE c.display_description = 'migration src for <volume>'
  AND a.instance_uuid = '<server>' AND a.attach_status = 'attached';

-- 2. In Cinder's database: give it back to the volume.
UPDATE volume_attachment
SET deleted = FALSE, deleted_at = NULL, volume_id = '<volume>'
WHERE id = '<attachment>' AND instance_uuid = '<server>';

-- 3. In the database of the server's cell, if Nova has another attachment.
UPDATE block_device_mapping SET attachment_id = '<attachment>'
WHERE instance_uuid = '<server>' AND volume_id = '<volume>' AND deleted = 0;
