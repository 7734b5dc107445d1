-- Each live session with what its orders say: paid within 30 days of its day (restates), and paid while it was on air. An order
-- is one order however many of its lines were sold there. One row per store and session.
with

sessions as (

    select * from {{ ref('int_live_sessions') }}

),

sales as (

    select
        lines.store_id,
        lines.live_id,
        count(distinct lines.buyer_key) as buyers,
        count(distinct lines.order_id) as orders,
        count(*) as order_lines,
        sum(lines.units) as units,
        sum(lines.goods_paid) as goods_paid,
        sum(lines.paid_amount) as paid_amount_attributed,
        sum(case when lines.paid_at >= sessions.started_at and lines.paid_at < sessions.ended_at then lines.paid_amount else 0 end)
            as paid_amount_live,
        sum(lines.refund_cohort) as refund_cohort,
        sum(case when lines.paid_amount is null or lines.refund_cohort is null then 1 else 0 end) as unrated
    from {{ ref('int_live_lines') }} as lines
    inner join sessions
        on lines.store_id = sessions.store_id
        and lines.live_id = sessions.live_id
        and lines.paid_date <= {{ add_days('sessions.session_date', 30) }}
    group by lines.store_id, lines.live_id

)

select
    sessions.store_id,
    sessions.live_id,
    coalesce(sessions.host_id, sessions.host_name, 'unknown') as host_id,
    sessions.host_name,
    sessions.session_date,
    sessions.is_session_reported,
    sessions.has_order_scenes,
    sessions.started_at,
    sessions.ended_at,
    {%- for name in ['seconds_on_air', 'views', 'viewers', 'peak_concurrent', 'watch_seconds', 'comments', 'likes', 'new_fans',
        'product_exposures', 'product_clicks', 'exposed_viewers', 'clicked_viewers', 'platform_buyers', 'platform_orders'] %}
    sessions.{{ name }},
    {%- endfor %}
    sessions.platform_paid_amount,
    {%- for name in ['buyers', 'orders', 'order_lines'] %}
    cast(case when sessions.has_order_scenes then coalesce(sales.{{ name }}, 0) end as bigint) as {{ name }},
    {%- endfor %}
    cast(case when sessions.has_order_scenes then coalesce(sales.units, 0) end as decimal(18, 4)) as units,
    {%- set known = 'sessions.has_order_scenes and coalesce(sales.unrated, 0) = 0' %}
    {{ mart_money('coalesce(sales.paid_amount_attributed, 0)', known) }} as paid_amount_attributed,
    {{ mart_money('coalesce(sales.paid_amount_live, 0)', known ~ ' and sessions.started_at is not null and sessions.ended_at is not null') }}
        as paid_amount_live,
    {{ mart_money('coalesce(sales.refund_cohort, 0)', known) }} as refund_cohort,
    {{ mart_money('coalesce(sales.goods_paid - sales.refund_cohort, 0)', known) }} as net_sales_cohort,
    costs.slot_fee,
    costs.commission,
    costs.sample_cost,
    {{ mart_money('sessions.ad_spend', 'true') }} as ad_spend,
    -- The sum of the costs that are known. If none is, the cost is null: the session was not free.
    {{ mart_money(
        'coalesce(sessions.ad_spend, 0) + coalesce(costs.slot_fee, 0) + coalesce(costs.commission, 0) + coalesce(costs.sample_cost, 0)',
        'coalesce(sessions.ad_spend, costs.slot_fee, costs.commission, costs.sample_cost) is not null'
    ) }} as live_cost
from sessions
left join sales
    on sessions.store_id = sales.store_id
    and sessions.live_id = sales.live_id
left join {{ ref('live_costs') }} as costs
    on sessions.store_id = costs.store_id
    and sessions.live_id = costs.live_id
