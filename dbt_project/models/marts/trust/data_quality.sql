-- What the marts left out, could not place or doubt, in numbers. A check that found nothing has a row with 0.
{%- set checks = [
    ('orders', 'orders', 'orders', 'Orders of the store, in any state.', "true"),
    ('orders', 'excluded_test', 'orders', 'Left out of every mart: test orders.', "exclude_reason = 'test'"),
    ('orders', 'excluded_staff', 'orders', 'Left out of every mart: orders of staff.', "exclude_reason = 'staff'"),
    ('orders', 'excluded_brushed', 'orders', 'Left out of every mart: brushed orders.', "exclude_reason = 'brushed'"),
    ('orders', 'excluded_deleted', 'orders', 'Left out of every mart: deleted orders.', "exclude_reason = 'deleted'"),
    ('orders', 'excluded_unconfirmed', 'orders', 'Left out of every mart: orders the shop has not taken on.', "exclude_reason = 'unconfirmed'"),
    ('orders', 'excluded_not_a_sale', 'orders', 'Left out of every mart: bookkeeping entries, goods sent in exchange or for another shop.', "exclude_reason = 'not_a_sale'"),
    ('orders', 'orders_without_lines', 'orders', 'Counted with what the source says was paid.', "lines = 0 and exclude_reason is null"),
    ('orders', 'orders_without_buyer', 'orders', 'In sales, in no count of buyers.', "is_counted and buyer_key is null"),
    ('orders', 'orders_with_negative_amount', 'orders', 'Paid less than nothing for goods: look at the discounts.', "is_counted and goods_paid_orig < 0"),
    ('orders', 'orders_of_unlikely_amount', 'orders', 'Counted: more than a thousand times the usual order of the store. A slip of the point?',
        "is_counted and paid_amount_orig > 1000 * usual_amount"),
    ('orders', 'orders_of_unknown_status', 'orders', 'Kept by their times: a status that no document names. See source_status, and map it.',
        "order_state = 'unknown'"),
    ('orders', 'orders_without_rate', 'orders', 'Null in the reporting currency: a rate is missing.', "paid_date is not null and rate_to_reporting is null"),
    ('orders', 'orders_differing_from_source', 'orders', 'What we add up is not what the source says the buyer paid.',
        "is_counted and abs(buyer_paid_total_orig - paid_amount_orig - other_charged_orig - gift_cards_sold_orig) > 0.01"),
    ('order_lines', 'lines_without_order', 'order lines', 'Kept, in no mart: their order is not loaded.', "exclude_reason = 'no_order'"),
    ('order_lines', 'lines_without_product', 'order lines', "Under product 'unknown'.", "line_class = 'product' and product_id is null and exclude_reason is null"),
    ('order_lines', 'lines_without_category', 'order lines', "Under category 'unknown'.", "line_class = 'product' and category_path is null and exclude_reason is null"),
    ('order_lines', 'lines_with_negative_quantity', 'order lines', 'Counted as they are: units below zero.', "quantity < 0 and exclude_reason is null"),
    ('refunds', 'refunds', 'refunds', 'Refunds of the store, in any state.', "true"),
    ('refunds', 'refunds_without_order', 'refunds', 'In flow figures only: their order is not known.', "is_counted and not is_linked"),
    ('refunds', 'refunds_capped', 'refunds', 'More was refunded than paid; the rest is left out.', "is_counted and refund_over_paid_orig > 0"),
    ('refunds', 'refunds_without_amount', 'refunds', 'Given back, and the source does not say how much: in no amount.', "is_counted and is_amount_missing"),
    ('refunds', 'refunds_of_unpaid_orders', 'refunds', 'Not counted: nothing was paid that could come back.',
        "refund_state = 'success' and is_linked and not is_counted and exclude_reason is null"),
    ('refunds', 'refunds_with_negative_amount', 'refunds', 'Counted as they are: money taken back from the buyer.', "is_counted and refund_amount_orig < 0"),
    ('refunds', 'refunds_of_unknown_status', 'refunds', 'Not counted: a status that no document names.', "refund_state = 'unknown'"),
    ('reviews', 'reviews', 'reviews', 'Reviews of the store, whether or not they count.', "true"),
    ('reviews', 'reviews_without_product', 'reviews',
        "Counted, under product 'unknown' or one without a name: none is told, or one that no order and no catalogue has.",
        "is_counted and known.product_id is null"),
    ('traffic', 'traffic_from_unknown_source', 'visits a day and source', "Sources that no mapping names, under 'unknown'.", "source_l1 = 'unknown'"),
    ('live_costs', 'live_costs_without_session', 'sessions', 'In no cost: neither an export nor an order tells of this session (seed live_costs).',
        "is_session_unknown"),
    ('orders', 'orders_before_history', 'orders', "Placed or paid before the store's history: then in its own days, which are not loaded, and in none of ALL.",
        "(created_date < first_day or paid_date < first_day) and exclude_reason is null"),
    ('ads', 'ad_rows_withdrawn', 'ad rows', 'Gone from the latest report; the first figures are kept.', "is_withdrawn"),
] %}
{#-
  Histories read in part, and lists that people keep (int_told_in_vain): a row of ALL says that all is well, one of each store they name
  what is not.
#}
{%- set told = [
    ('orders', 'days_not_read', 'days', 'Not loaded: no read covers these days of the history, the first and last of which are told. Read them: daybook extract ACCOUNT --from DAY --to DAY, then load, build and publish.'),
    ('orders', 'accounts_begun_later', 'accounts', 'Days before have the other accounts of the store alone. If it sold then, read them: daybook extract ACCOUNT --from DAY --to DAY, or drop the older files of an inbox, then load, build and publish.'),
    ('refunds', 'refunds_never_read', 'streams', 'Not known: what came back is missing, and the days of the store are not complete. Ask for the permission that the account lacks (daybook doctor) and read it; or leave the stream out of its streams in accounts.yml, which says that nothing is missed.'),
    ('refunds', 'refunds_left_out', 'streams', 'Counted as nothing: the streams of the account in accounts.yml leave out what tells of refunds. Name it there, should anything come back.'),
    ('ads', 'ads_begun_later', 'accounts', 'Days before have the spend of the other ad accounts of the store alone. If it spent then, or to have it said that it did not, read them: daybook extract ACCOUNT --from DAY --to DAY, then load, build and publish.'),
    ('traffic', 'days_of_several_sites', 'days', 'Visits that several accounts tell of are added up, from the first to the last day that is told. Where two tools measure one site, each visit counts twice: name those that count in visits_counted_from (dbt_project.yml) and build.'),
    ('traffic', 'days_of_sampled_visits', 'days', 'Counted: the tool made figures of these days from a sample of the visits, from the first to the last of which is told.'),
    ('traffic', 'days_of_withheld_visits', 'days', 'Counted as told: the tool kept groups of few people to itself, so the sources of these days come to less than the total.'),
    ('traffic', 'days_of_other_sources', 'days', 'Counted as told: there were more sources than the tool holds, and it put the small ones of these days together as (other).'),
    ('unit_costs', 'costs_of_unknown_store', 'costs', 'In no margin: accounts.yml has no such store. Mend its name and drop the file again.'),
    ('unit_costs', 'costs_of_unknown_goods', 'costs', 'In no margin: no order and no catalogue has such goods. Mend the id, should they be sold.'),
    ('unit_costs', 'costs_without_rate', 'costs', 'In no margin: no rate of the currency is known. Mend it, or drop its rates.'),
    ('targets', 'targets_of_unknown_store', 'targets', 'In no mart: accounts.yml has no such store. Mend its name (ALL: all together) and drop the file again.'),
    ('live_costs', 'live_costs_of_unknown_store', 'sessions', 'In no cost: accounts.yml has no such store. Mend its name in the seed and build.'),
    ('store_time_zones', 'time_zones_of_unknown_store', 'zones', 'Of no use: accounts.yml has no such store. Mend its name in the seed and build.'),
    ('promo_calendar', 'events_without_days', 'phases', 'In no mart: it ends before it starts, or its event has no days of sale. Mend the seed and build.'),
    ('promo_calendar', 'events_compared_with_none', 'phases', 'Compared with nothing: there is no event of the name in compare_to. Mend the seed and build.'),
    ('promo_calendar', 'phases_of_one_day', 'pairs of phases', 'Counted once, as the phase that sells: two phases of the event hold these days. Mend the seed and build.'),
] %}

with

stores as (

    select store_id, data_through_at from {{ ref('dim_store') }}

),

told_in_vain as (

    select * from {{ ref('int_told_in_vain') }}

),

-- The usual order of a store and currency: the geometric mean, which one slip of the point hardly moves.
usual as (

    select
        store_id,
        currency,
        exp(avg(ln(cast(paid_amount_orig as double)))) as usual_amount
    from {{ ref('fct_orders') }}
    where is_counted and paid_amount_orig > 0
    group by store_id, currency

),

told_costs as (

    select costs.store_id, sessions.live_id is null as is_session_unknown
    from {{ ref('live_costs') }} as costs
    left join {{ ref('int_live_sessions') }} as sessions
        on costs.store_id = sessions.store_id
        and costs.live_id = sessions.live_id

)

{%- for stream in ['orders', 'order_lines', 'refunds', 'reviews', 'traffic', 'live_costs', 'ads'] %},

{{ stream }}_counts as (

    select
        records.store_id,
        {%- for of, name, unit, meaning, condition in checks if of == stream %}
        sum(case when {{ condition }} then 1 else 0 end) as {{ name }}
        {{- "," if not loop.last }}
        {%- endfor %}
    from {{ 'told_costs' if stream == 'live_costs' else ref('fct_' ~ stream) }} as records
    {%- if stream == 'orders' %}
    left join usual on records.store_id = usual.store_id and records.currency = usual.currency
    {{ joined_to_first_days('records') }}
    {%- elif stream == 'reviews' %}
    left join {{ ref('dim_product') }} as known
        on records.platform = known.platform
        and records.store_id = known.store_id
        and records.product_id = known.product_id
    {%- endif %}
    group by records.store_id

)
{%- endfor %}

{%- for of, name, unit, meaning, condition in checks %}

select
    stores.store_id,
    '{{ of }}' as stream,
    '{{ name }}' as check_name,
    cast(coalesce({{ of }}_counts.{{ name }}, 0) as bigint) as findings,
    '{{ unit }}' as unit,
    '{{ meaning | replace("'", "''") }}' as meaning,
    {{ null_as('text') }} as first_told,
    stores.data_through_at
from stores
left join {{ of }}_counts on stores.store_id = {{ of }}_counts.store_id
union all
{%- endfor %}
{%- for of, name, unit, meaning in told %}

select
    coalesce(told_in_vain.store_id, 'ALL'),
    '{{ of }}',
    '{{ name }}',
    cast(coalesce(told_in_vain.findings, 0) as bigint),
    '{{ unit }}',
    '{{ meaning }}',
    told_in_vain.first_told,
    {{ null_as('instant') }}
from (select '{{ name }}' as check_name) as checks
left join told_in_vain on checks.check_name = told_in_vain.check_name
{{ "union all" if not loop.last }}
{%- endfor %}
