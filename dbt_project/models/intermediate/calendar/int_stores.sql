-- One row per store: the account its orders come from names it, and gives its zone and currency.
{%- set zone_then = 'coalesce(moved.time_zone, ranked.time_zone)' %}
{%- set first_day = 'cast(' ~ local_date('ranked.orders_from_at', zone_then) ~ ' as ' ~ t('timestamp') ~ ')' %}
with

ranked as (

    select
        *,
        row_number() over (
            partition by store_id
            order by
                case when has_orders then 0 else 1 end,
                case when is_active then 0 else 1 end,
                case when platform in ({{ quoted(var('read_to_the_last_event')) }}) then 1 else 0 end,
                case when not is_active then orders_through_at end desc nulls last,
                account_id
        ) as choice
    from {{ ref('int_accounts') }}

),

-- Whose days the store kept when its history began, where it moved since.
moved as (

    select began.store_id, min_by(moves.time_zone, moves.valid_until_at) as time_zone
    from (select store_id, min(orders_from_at) as began_at from ranked where has_orders group by store_id) as began
    inner join {{ ref('store_time_zones') }} as moves
        on began.store_id = moves.store_id
        and began.began_at <= moves.valid_until_at
    group by began.store_id

),

-- A store is read from where the first of its order accounts begins: before another account came, the first was the whole store. It is read
-- as far as the slowest account that is waited for. An inbox is read from the day of its first event on.
orders_read as (

    select
        ranked.store_id,
        min(case when ranked.is_waited_for then ranked.orders_through_at end) as orders_through_at,
        min(case when ranked.is_waited_for then ranked.refunds_through_at end) as refunds_through_at,
        min(case
            when ranked.platform in ({{ quoted(var('read_to_the_last_event')) }})
                then {{ local_timestamp(first_day, zone_then) }}
            else ranked.orders_from_at
        end) as orders_from_at,
        min(case when ranked.platform in ({{ platforms_with('gift_card_payments') }}) then 1 else 0 end) = 1 as tells_gift_cards
    from ranked
    left join moved on ranked.store_id = moved.store_id
    where ranked.has_orders
    group by ranked.store_id

)

select
    ranked.store_id,
    ranked.name as store_name,
    ranked.platform,
    ranked.time_zone,
    ranked.currency as store_currency,
    ranked.has_orders,
    -- A store with orders of two platforms tells gift cards only if both do.
    coalesce(orders_read.tells_gift_cards, false) as tells_gift_cards,
    orders_read.orders_from_at,
    {{ zone_then }} as history_zone,
    orders_read.orders_through_at,
    -- Where after-sales are read apart from orders. Null for files, whose mark is only the last event in them.
    case when ranked.platform not in ({{ quoted(var('read_to_the_last_event')) }}) then orders_read.refunds_through_at end
        as refunds_through_at,
    -- The last day that is over in the store's zone. Null for files: they are read only up to their last event.
    case
        when ranked.platform not in ({{ quoted(var('read_to_the_last_event')) }})
            then {{ add_days(local_date('orders_read.orders_through_at', 'ranked.time_zone'), -1) }}
    end as closed_through_date
from ranked
left join orders_read on ranked.store_id = orders_read.store_id
left join moved on ranked.store_id = moved.store_id
where ranked.choice = 1
