-- Days without a sale are rows with zeros, or every mean and every comparison would leave them out (marts, trap 14); a day that was
-- not read is a row without.
select
    daily.store_id,
    count(*) as days,
    max({{ days_between('stores.history_from', 'daily.period_start') }}) + 1 as span,
    sum(case when daily.paid_amount is null and daily.orders_paid = 0 then 1 else 0 end) as quiet_days_without_zero
from {{ ref('store_daily') }} as daily
inner join {{ ref('dim_store') }} as stores on daily.store_id = stores.store_id
inner join (
    select store_id, max(period_start) as loaded_through
    from {{ ref('store_daily') }}
    where is_orders_loaded
    group by store_id
) as loaded on daily.store_id = loaded.store_id
where stores.has_orders and daily.period_start between stores.history_from and loaded.loaded_through
group by daily.store_id
having count(*) <> max({{ days_between('stores.history_from', 'daily.period_start') }}) + 1
    or sum(case when daily.paid_amount is null and daily.orders_paid = 0 then 1 else 0 end) > 0
