-- The last day of each store whose orders are mature: every refund within 30 days of payment has been read. One row per store.
select store_id, {{ add_days('max(date_day)', -30) }} as mature_through
from {{ ref('int_store_calendar') }}
where is_complete and is_orders_loaded
group by store_id
