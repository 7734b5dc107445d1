-- Refunds that loads brought since the last whole build. One row per refund; none in a full build, which needs no list.
select distinct platform, store_id, refund_id, order_id
from (
    {{ union_staging('refunds') }}
) as refunds
where load_id > {{ built_through() }}
    and {{ 'true' if is_catching_up() else 'false' }}
