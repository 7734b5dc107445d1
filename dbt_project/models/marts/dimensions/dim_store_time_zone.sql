select store_id, time_zone, valid_from_at, valid_until_at
from {{ ref('int_store_zones') }}
