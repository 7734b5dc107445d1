{#
  The orders of each kind of referrer and campaign. Only a site with e-commerce switched on in Matomo (`ecommerce` 1) has orders:
  * On such a site a source without a figure had no orders. Matomo gives an order to one source, so the sum over the sources is the
    period's total. It does not count buyers by source.
  * On any other site orders are null, and so in rows that were read before Daybook asked for `ecommerce`. Such rows are kept if another
    site of the store has orders: then nobody knows what both sites sold to a source that they share.
#}
with

periods as (
    select * from {{ ref('base_matomo__traffic') }} where record_key is not null
),

figures as (
    select
        account_id,
        report_date,
        periods.record.gran as grain,
        {{ matomo_source('periods.record') }} as source_l2,
        periods.record.report = 'total' as is_total,
        coalesce(periods.record.ecommerce = '1', false) as is_told,
        -- As in stg_matomo__traffic: a source without visits had no visitors; 0 visitors beside visits mean that the server did not count.
        case
            when {{ whole_number('periods.record.nb_visits') }} = 0 then 0
            when periods.record.report <> 'total' and periods.record.nb_visits is null and periods.record.nb_uniq_visitors is null then 0
            else nullif({{ whole_number('periods.record.nb_uniq_visitors') }}, 0)
        end as visited,
        {{ whole_number('periods.record.goal_ecommerceOrder_nb_conversions') }} as orders,
        {{ number('periods.record.goal_ecommerceOrder_items') }} as units,
        {{ number('periods.record.goal_ecommerceOrder_revenue') }} as paid_amount,
        periods.record.currency as currency,
        load_id
    from periods
    where periods.record.report <> 'device'
),

told as (
    select
        account_id,
        report_date,
        grain,
        case when not is_total then source_l2 end as source_l2,
        is_total,
        visited,
        {%- for name in ['orders', 'units', 'paid_amount'] %}
        case when is_told then coalesce(case when is_total then sum({{ name }}) over of_period else {{ name }} end, 0) end as {{ name }},
        {%- endfor %}
        currency,
        load_id,
        is_told
    from figures
    window of_period as (partition by account_id, report_date, grain)
),

placed as (
    select
        told.*,
        account.store_id,
        coalesce(told.currency, account.currency) as currency_told,
        max(case when told.is_told then 1 else 0 end) over (partition by account.store_id, told.grain, told.report_date) as store_tells
    from told
    left join {{ source('raw_daybook', 'accounts') }} as account
        on told.account_id = account.account_id
)

select
    'matomo' as platform,
    placed.account_id,
    placed.store_id,
    placed.grain,
    placed.report_date as period_start,
    case when not placed.is_total then coalesce(map.source_l1, 'unknown') end as source_l1,
    placed.source_l2,
    placed.is_total,
    cast(null as bigint) as exposed,
    cast(null as bigint) as clicked,
    placed.visited,
    {%- for name in ['saw_detail', 'carted', 'favoured', 'checked_out', 'ordered', 'paid'] %}
    cast(null as bigint) as {{ name }},
    {%- endfor %}
    cast(placed.orders as bigint) as orders,
    cast(placed.units as decimal(18, 4)) as units,
    cast(placed.paid_amount as decimal(18, 4)) as paid_amount,
    placed.currency_told as currency,
    placed.load_id
from placed
left join {{ ref('source_map_matomo') }} as map
    on placed.source_l2 = map.source_name
where placed.store_tells = 1
