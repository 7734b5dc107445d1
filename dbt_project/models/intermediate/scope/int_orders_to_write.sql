-- Orders whose rows are written anew: changed ones, and all of the buyers of changed ones, whose place in a history moved. Said as
-- one list, so that whoever looks for them joins once. One row per order; none in a full build, which needs no list.
select platform, store_id, order_id
from {{ ref('int_changed_orders') }}

union

select platform, store_id, order_id
from {{ ref('int_order_totals') }} as orders
where {{ in_changed_buyers('orders') }}
